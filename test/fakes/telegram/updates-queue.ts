import type { Update } from "@grammyjs/types";
import type { Clock } from "../../../src/core/clock.ts";

export type PollAnswer = { readonly updates: Update[] } | { readonly conflict: string };

interface Waiting {
  readonly offset: number | undefined;
  readonly limit: number;
  readonly answer: (answer: PollAnswer) => void;
  cancel: () => void;
}

/** The update queue of a bot with Telegram's rules: an update leaves it only when a later poll confirms it by a higher offset; a new poll ends an older one with 409. */
export class UpdatesQueue {
  readonly pending: Update[] = [];
  /** Every offset that confirmed something, in order: `offset` = all ids below it are gone. */
  readonly confirmed: { readonly offset: number; readonly ids: number[] }[] = [];
  /** Polls that were under way when another one came. */
  conflicts = 0;
  #nextId = 1_000;
  #waiting: Waiting | undefined;
  readonly #onConfirm: ((ids: number[]) => void) | undefined;

  readonly #clock: Clock;

  constructor(onConfirm: ((ids: number[]) => void) | undefined, clock: Clock) {
    this.#onConfirm = onConfirm;
    this.#clock = clock;
  }

  add(update: Omit<Update, "update_id">): Update {
    const whole = { update_id: this.#nextId++, ...update } as Update;
    this.pending.push(whole);
    this.#serve();
    return whole;
  }

  get polling(): boolean {
    return this.#waiting !== undefined;
  }

  /** @returns a function that forgets the poll, for a client that went away. */
  poll(poll: { offset?: number; limit?: number; timeoutMs: number }, answer: (answer: PollAnswer) => void): () => void {
    if (this.#waiting !== undefined) {
      this.conflicts += 1;
      this.#end({ conflict: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running" });
    }
    this.#confirm(poll.offset);
    const waiting: Waiting = {
      offset: poll.offset,
      limit: Math.min(Math.max(poll.limit ?? 100, 1), 100),
      answer,
      cancel: this.#clock.timer(poll.timeoutMs, () => this.#end({ updates: [] })),
    };
    this.#waiting = waiting;
    if (poll.timeoutMs === 0 || this.pending.length > 0) this.#end({ updates: this.pending.slice(0, waiting.limit) });
    return () => {
      if (this.#waiting !== waiting) return;
      waiting.cancel();
      this.#waiting = undefined;
    };
  }

  /** Ends the poll under way, as a new webhook or another poller does. */
  interrupt(conflict: string): void {
    this.#end({ conflict });
  }

  /** Ends the poll under way with nothing, as when the fake stops. */
  release(): void {
    this.#end({ updates: [] });
  }

  #serve(): void {
    if (this.#waiting !== undefined) this.#end({ updates: this.pending.slice(0, this.#waiting.limit) });
  }

  #confirm(offset: number | undefined): void {
    if (offset === undefined || offset === 0) return;
    const keep = offset < 0 ? this.pending.slice(offset) : this.pending.filter((update) => update.update_id >= offset);
    const gone = this.pending.filter((update) => !keep.includes(update)).map((update) => update.update_id);
    if (gone.length === 0) return;
    this.pending.splice(0, this.pending.length, ...keep);
    this.confirmed.push({ offset, ids: gone });
    this.#onConfirm?.(gone);
  }

  #end(answer: PollAnswer): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.cancel();
    this.#waiting = undefined;
    waiting.answer(answer);
  }
}
