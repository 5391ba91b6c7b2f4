import type { Clock } from "../../core/clock.ts";
import { Secret } from "../../core/secret.ts";

export interface AccessTokenOptions {
  readonly clock: Clock;
  /** How the secret calls itself in logs. */
  readonly name: string;
  /** Asks for a new token. */
  readonly fetch: () => Promise<{ readonly token: string; readonly expiresInMs: number }>;
  /** So long before its end a token counts as over; default 300,000 ms. */
  readonly marginMs?: number;
}

/** A token that an authorization server lends for a while (RFC 6749 section 4.4): kept until shortly before its end, asked for once however many wait for it. */
export interface AccessToken {
  /** @throws what `fetch` throws */
  get(): Promise<Secret>;
  /** It was refused: the next `get` asks for a new one. */
  forget(): void;
}

export function createAccessToken({ clock, name, fetch, marginMs = 300_000 }: AccessTokenOptions): AccessToken {
  let held: { readonly secret: Secret; readonly until: number } | undefined;
  let asking: Promise<Secret> | undefined;
  const ask = async (): Promise<Secret> => {
    try {
      const { token, expiresInMs } = await fetch();
      // One that lives shorter than the margin is used for half of its life.
      held = { secret: new Secret(name, token), until: clock.monotonic() + Math.max(expiresInMs - marginMs, expiresInMs / 2) };
      return held.secret;
    } finally {
      asking = undefined;
    }
  };
  return {
    async get() {
      if (held !== undefined && clock.monotonic() < held.until) return held.secret;
      asking ??= ask();
      return asking;
    },
    forget() {
      held = undefined;
    },
  };
}
