import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves time by `ms`, running each timer that falls due at its own instant, in order of time and then of creation. Between two instants everything
   * that is ready to run (promises, worker-free I/O callbacks already queued) gets its turn, so that code awaiting a timer may set the next one in time.
   */
  advance(ms: number): Promise<void>;
  /** Timers that are set and not yet run or cancelled. */
  pending(): number;
  /** `ms` pass while nothing but timers can run, as when something blocks the event loop: those due run late, at once, before anything that has come in meanwhile. */
  block(ms: number): void;
  /** Wall time alone jumps, as when a machine's clock is set; timers do not notice. */
  jumpWall(ms: number): void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * @param start wall milliseconds at which the clock stands, default 2026-01-01T00:00:00Z.
 * @param drain resolves when everything has happened that needs no time; default: two rounds of the event loop.
 */
export function createManualClock(start: number = Date.UTC(2026, 0, 1), drain: () => Promise<void> = twoRounds): ManualClock {
  const timers = new Set<Timer>();
  let elapsed = 0;
  let wall = start;

  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  };

  return {
    now: () => wall,
    monotonic: () => elapsed,
    timer(ms, run) {
      const timer: Timer = { at: elapsed + Math.max(0, ms), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const until = elapsed + ms;
      await drain();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due);
        wall += due.at - elapsed;
        elapsed = due.at;
        due.run();
        await drain();
      }
      wall += until - elapsed;
      elapsed = until;
      await drain();
    },
    block(ms) {
      elapsed += ms;
      wall += ms;
      for (let due = nextDue(elapsed); due !== undefined; due = nextDue(elapsed)) {
        timers.delete(due);
        due.run();
      }
    },
    pending: () => timers.size,
    jumpWall(ms) {
      wall += ms;
    },
  };
}

/** Two rounds of the event loop: the microtasks of the first may queue macrotasks (stream reads) that the second one waits for. */
async function twoRounds(): Promise<void> {
  for (let round = 0; round < 2; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
