import { ObjectStore } from "./object-store.ts";
import { Records } from "./records.ts";
import type { Change, DatabaseState, Mode } from "./state.ts";
import { Transaction } from "./transaction.ts";

/** IDBDatabase: one connection. */
export class Database {
  onversionchange: unknown = null;
  onclose: unknown = null;
  readonly state: DatabaseState;
  readonly persist: (changes: readonly Change[]) => Promise<void>;
  #upgrade: Transaction | undefined;
  #closed = false;

  /** @param persist resolves when the changes are on disk. */
  constructor(state: DatabaseState, persist: (changes: readonly Change[]) => Promise<void>) {
    this.state = state;
    this.persist = persist;
  }

  get name(): string {
    return this.state.name;
  }

  get version(): number {
    return this.state.version;
  }

  /** A DOMStringList. */
  get objectStoreNames(): string[] & { item(index: number): string | null; contains(name: string): boolean } {
    const names = [...this.state.stores.keys()].toSorted();
    return Object.assign(names, { item: (index: number) => names[index] ?? null, contains: (name: string) => names.includes(name) });
  }

  transaction(stores: string | readonly string[], mode: Mode = "readonly"): Transaction {
    if (this.#closed) throw new DOMException("the connection is closed", "InvalidStateError");
    for (const name of typeof stores === "string" ? [stores] : stores) {
      if (!this.state.stores.has(name)) throw new DOMException(`no object store ${name}`, "NotFoundError");
    }
    return this.#begin(mode);
  }

  createObjectStore(name: string): ObjectStore {
    const transaction = this.#upgrading();
    const { stores } = this.state;
    if (stores.has(name)) throw new DOMException(`there is an object store ${name}`, "ConstraintError");
    stores.set(name, new Records());
    transaction.undo.push(() => stores.delete(name));
    transaction.changes.push(["create", name]);
    return new ObjectStore(transaction, name);
  }

  deleteObjectStore(name: string): void {
    const transaction = this.#upgrading();
    const { stores } = this.state;
    const old = stores.get(name);
    if (old === undefined) throw new DOMException(`no object store ${name}`, "NotFoundError");
    stores.delete(name);
    transaction.undo.push(() => stores.set(name, old));
    transaction.changes.push(["drop", name]);
  }

  close(): void {
    this.#closed = true;
  }

  /** The one transaction in which stores come and go. */
  upgrade(version: number): Transaction {
    const { state } = this;
    const old = state.version;
    const transaction = this.#begin("versionchange");
    this.#upgrade = transaction;
    state.version = version;
    transaction.undo.push(() => (state.version = old));
    transaction.changes.push(["version", version]);
    void transaction.ended.then(() => (this.#upgrade = undefined));
    return transaction;
  }

  #upgrading(): Transaction {
    if (this.#upgrade === undefined) throw new DOMException("only while the version changes", "InvalidStateError");
    return this.#upgrade;
  }

  /** One that writes waits for all before it; readers run beside each other. */
  #begin(mode: Mode): Transaction {
    const transaction = new Transaction(this, mode);
    const { queue } = this.state;
    queue.push(transaction);
    const look = () => {
      for (const [index, one] of queue.entries()) {
        const free = index === 0 || (one.mode === "readonly" && queue.slice(0, index).every((earlier) => earlier.mode === "readonly"));
        if (free) one.begin();
      }
    };
    void transaction.ended.then(() => {
      queue.splice(queue.indexOf(transaction), 1);
      look();
    });
    look();
    return transaction;
  }
}
