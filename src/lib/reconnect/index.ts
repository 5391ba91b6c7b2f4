import { type Clock, sleep } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";

export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** First pause in milliseconds, default 1,000. */
  readonly minMs?: number;
  /** Longest pause in milliseconds, default 30,000. */
  readonly maxMs?: number;
}

/** Pauses between tries that grow by doubling, with jitter, so that many clients of a returning server do not come at once. */
export interface Backoff {
  /** Failures since the last `reset`. */
  readonly failures: number;
  /** The next pause in milliseconds: between half and all of `minMs` doubled per failure, at most `maxMs`. Counts one failure. */
  next(): number;
  /** Waits for the next pause, or for `atLeastMs` when the server asked for more. Resolves early when `signal` aborts; never rejects. */
  wait(signal: AbortSignal, atLeastMs?: number): Promise<void>;
  /** After a success. */
  reset(): void;
}

/** @example const backoff = createBackoff({ clock, random }); while (!(await connect())) await backoff.wait(signal); */
export function createBackoff({ clock, random, minMs = 1_000, maxMs = 30_000 }: BackoffOptions): Backoff {
  let failures = 0;
  const next = (): number => {
    // 2 ** 30 seconds is beyond every cap; without the limit the power itself would overflow after days of outage.
    const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
    failures += 1;
    return Math.round(full * (0.5 + random.number() / 2));
  };
  return {
    get failures() {
      return failures;
    },
    next,
    wait: (signal, atLeastMs = 0) => sleep(clock, Math.max(atLeastMs, next()), signal),
    reset() {
      failures = 0;
    },
  };
}

/** The pauses of a channel's account. */
export function createAccountBackoff({
  deps,
  timing,
}: {
  readonly deps: Pick<BackoffOptions, "clock" | "random">;
  readonly timing: { readonly minBackoffMs: number; readonly maxBackoffMs: number };
}): Backoff {
  return createBackoff({ clock: deps.clock, random: deps.random, minMs: timing.minBackoffMs, maxMs: timing.maxBackoffMs });
}
