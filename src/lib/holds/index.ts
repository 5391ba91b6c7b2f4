import type { Clock } from "../../core/clock.ts";

/** Pauses that the platform has asked for, by scope. */
export interface Holds {
  add(scope: string, ms: number): void;
  /** Milliseconds left; 0 when it may go on. */
  left(scope: string): number;
}

const MAX_SCOPES = 1_000;

export function createHolds(clock: Clock): Holds {
  const until = new Map<string, number>();
  return {
    add(scope, ms) {
      until.delete(scope);
      until.set(scope, clock.monotonic() + ms);
      if (until.size > MAX_SCOPES) until.delete(until.keys().next().value!);
    },
    left(scope) {
      const left = (until.get(scope) ?? 0) - clock.monotonic();
      if (left <= 0) until.delete(scope);
      return Math.max(0, left);
    },
  };
}
