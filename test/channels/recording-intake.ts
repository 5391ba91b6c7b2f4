import type { Intake, Outcome } from "../../src/core/intake.ts";
import type { Cursor, Update } from "../../src/core/update.ts";

/** An intake that writes down what it is given and, told so, is slow or refuses. Keys are remembered as the store would, so repeats are duplicates. */
export interface RecordingIntake extends Intake {
  readonly updates: Update[];
  readonly cursors: Cursor[];
  /** Calls that have begun, refused ones too. */
  readonly begun: number;
  /** Later calls wait until `release`. */
  hold(): void;
  release(): void;
  /** The next `times` calls reject and take nothing. */
  rejectNext(error: Error, times?: number): void;
  /** Resolves when the condition holds. */
  until(condition: () => boolean): Promise<void>;
  outcome: (update: Update) => Outcome;
}

export function createRecordingIntake(): RecordingIntake {
  const updates: Update[] = [];
  const cursors: Cursor[] = [];
  const keys = new Set<string>();
  const errors: Error[] = [];
  const watchers = new Set<() => void>();
  let begun = 0;
  let gate: { promise: Promise<void>; resolve: () => void } | undefined;
  const changed = () => watchers.forEach((watch) => watch());
  const intake: RecordingIntake = {
    updates,
    cursors,
    get begun() {
      return begun;
    },
    outcome: (update) => ({ kind: "turn", messageId: `m-${update.key}`, turnId: `t-${update.key}`, sessionId: "s", sessionKey: "k" }),
    async receive(given, cursor) {
      begun += 1;
      changed();
      if (gate !== undefined) await gate.promise;
      const error = errors.shift();
      if (error !== undefined) throw error;
      const outcomes = given.map((update): Outcome => {
        if (keys.has(update.key)) return { kind: "duplicate" };
        keys.add(update.key);
        updates.push(update);
        return intake.outcome(update);
      });
      if (cursor !== undefined) cursors.push(cursor);
      changed();
      return outcomes;
    },
    hold() {
      gate = Promise.withResolvers<void>();
    },
    release() {
      gate?.resolve();
      gate = undefined;
    },
    rejectNext(error, times = 1) {
      for (let i = 0; i < times; i++) errors.push(error);
      changed();
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(check);
          reject(new Error(`after 10 s still not: ${String(condition)}`));
        }, 10_000);
        const check = () => {
          if (!condition()) return;
          clearTimeout(timer);
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
      }),
  };
  return intake;
}
