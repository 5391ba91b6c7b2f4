import type { Key } from "./keys.ts";
import { type KeptRecord, Records } from "./records.ts";

export type Mode = "readonly" | "readwrite" | "versionchange";

/** One change of a committed transaction, as it goes into the log. */
export type Change =
  | readonly ["put", store: string, key: Key, value: unknown]
  | readonly ["delete", store: string, key: Key]
  | readonly ["clear", store: string]
  | readonly ["create", store: string]
  | readonly ["drop", store: string]
  | readonly ["index", store: string, name: string, keyPath: string | readonly string[], unique: boolean]
  | readonly ["version", version: number];

/** A transaction as others that wait for it see it. */
export interface Queued {
  readonly mode: Mode;
  readonly db: { readonly name: string };
  /** Its turn has come. */
  begin(): void;
}

/** A connection as its transactions see it. */
export interface Connection {
  readonly name: string;
  readonly state: DatabaseState;
  /** Resolves when the changes are on disk. */
  persist(changes: readonly Change[]): Promise<void>;
}

/** A transaction as its stores see it. */
export interface Scope<R> {
  readonly db: Connection;
  readonly changes: Change[];
  /** How to take the changes back, newest last. */
  readonly undo: (() => void)[];
  /** @throws DOMException TransactionInactiveError when it is over. */
  ask(request: R, work: () => unknown): R;
}

/** What is stored of one database; connections come and go. */
export class DatabaseState {
  version = 0;
  readonly name: string;
  readonly stores = new Map<string, Records>();
  /** Transactions that are not over, oldest first. */
  readonly queue: Queued[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** A change from the log. */
  apply(change: Change): void {
    const [kind] = change;
    if (kind === "version") this.version = change[1];
    else if (kind === "create") this.stores.set(change[1], new Records());
    else if (kind === "drop") this.stores.delete(change[1]);
    else {
      const records = this.stores.get(change[1]);
      if (records === undefined) return;
      if (kind === "put") records.put(change[2] as Key, change[3]);
      else if (kind === "delete") records.delete(change[2] as Key);
      else if (kind === "clear") records.sorted.length = 0;
      else records.indexes.set(change[2], { keyPath: change[3], unique: change[4] });
    }
  }

  /** Changes that make it from nothing. */
  *asChanges(): Iterable<Change> {
    yield ["version", this.version];
    for (const [name, records] of this.stores) {
      yield ["create", name];
      for (const [index, { keyPath, unique }] of records.indexes) yield ["index", name, index, keyPath, unique];
      for (const { key, value } of records.sorted as readonly KeptRecord[]) yield ["put", name, key, value];
    }
  }
}
