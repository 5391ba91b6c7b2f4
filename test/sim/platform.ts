/** The messenger of the simulated world: keeps what people and the assistant have said whatever dies, and hands updates out until they are acknowledged. */
import type { Update } from "../../src/core/update.ts";

export interface Shown {
  readonly id: string;
  readonly conversation: string;
  readonly nonce: string;
  text: string;
}

export interface Pending {
  /** Offset of the poll. */
  readonly number: number;
  readonly update: Update;
  acknowledged: boolean;
}

export class Platform {
  readonly shown: Shown[] = [];
  readonly updates: Pending[] = [];
  /** Everything below was confirmed by a poll. */
  offset = 1;
  down = false;
  readonly #byNonce = new Map<string, Shown>();
  readonly #byId = new Map<string, Shown>();
  readonly #listeners = new Set<() => void>();

  add(update: Update): Pending {
    const pending = { number: this.updates.length + 1, update, acknowledged: false };
    this.updates.push(pending);
    for (const listener of this.#listeners) listener();
    return pending;
  }

  /** What a poll would get now. */
  from(offset: number, limit: number): readonly Pending[] {
    return this.updates.slice(offset - 1, offset - 1 + limit);
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns the message and whether it was there already. */
  send(message: { conversation: string; nonce: string; text: string }): { shown: Shown; repeated: boolean } {
    const known = this.#byNonce.get(message.nonce);
    if (known) return { shown: known, repeated: true };
    const shown = { ...message, id: `p${this.shown.length + 1}` };
    this.shown.push(shown);
    this.#byNonce.set(message.nonce, shown);
    this.#byId.set(shown.id, shown);
    return { shown, repeated: false };
  }

  find(id: string): Shown | undefined {
    return this.#byId.get(id);
  }

  get unacknowledged(): number {
    return this.updates.reduce((count, one) => count + (one.acknowledged ? 0 : 1), 0);
  }
}
