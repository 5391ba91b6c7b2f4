import type { Clock } from "../../core/clock.ts";
import { type SlackApi, SlackFailure } from "./api.ts";

/** Display names of members: events hold ids alone. They are shown and never decide anything (sec-30). */
export interface Names {
  get(userId: string): string | undefined;
  /** Asks Slack, once, so that the next message has it. Never rejects. */
  learn(userId: string, signal: AbortSignal): Promise<void>;
}

const MAX_NAMES = 2_000;
/** After a failure without a Retry-After. */
const PAUSE_MS = 60_000;

interface UserInfo {
  readonly user?: { readonly name?: string; readonly real_name?: string; readonly profile?: { readonly display_name?: string; readonly real_name?: string } };
}

export function createNames(api: SlackApi, clock: Clock): Names {
  const names = new Map<string, string | undefined>();
  /** Monotonic time before which nobody is asked for. */
  let pausedUntil = 0;
  return {
    get: (userId) => names.get(userId),
    async learn(userId, signal) {
      if (clock.monotonic() < pausedUntil || names.has(userId) || !/^[UW][A-Z0-9]+$/.test(userId)) return;
      names.set(userId, undefined);
      if (names.size > MAX_NAMES) names.delete(names.keys().next().value!);
      try {
        const { user } = await api.call<UserInfo>("users.info", { user: userId }, { signal });
        names.set(userId, firstName(user?.profile?.display_name, user?.profile?.real_name, user?.real_name, user?.name));
      } catch (error) {
        // Somebody who is not to be found will not be found the next time either.
        if (error instanceof SlackFailure && error.status === 200 && error.reason !== "missing_scope") return;
        pausedUntil = clock.monotonic() + (error instanceof SlackFailure ? (error.retryAfterMs ?? PAUSE_MS) : PAUSE_MS);
        names.delete(userId);
      }
    },
  };
}

function firstName(...given: readonly (string | undefined)[]): string | undefined {
  return given.find((name) => name !== undefined && name.trim() !== "")?.slice(0, 100);
}
