import { asRange, type Key, requireKey } from "./keys.ts";
import type { KeptRecord, IndexShape, Records } from "./records.ts";
import { Request } from "./requests.ts";
import type { Scope } from "./state.ts";

const values = (records: readonly KeptRecord[]) => records.map(({ value }) => value);

/** IDBObjectStore without key paths and key generators, which the crypto store does not use. */
export class ObjectStore {
  readonly name: string;
  readonly transaction: Scope<Request>;

  constructor(transaction: Scope<Request>, name: string) {
    this.transaction = transaction;
    this.name = name;
  }

  get records(): Records {
    const records = this.transaction.db.state.stores.get(this.name);
    if (records === undefined) throw new DOMException(`no object store ${this.name}`, "InvalidStateError");
    return records;
  }

  get(query: unknown): Request {
    return this.#ask(() => this.records.within(asRange(query))[0]?.value);
  }

  getAll(query?: unknown, count = 0): Request {
    return this.#ask(() => values(this.records.within(asRange(query)).slice(0, count || undefined)));
  }

  getAllKeys(query?: unknown): Request {
    return this.#ask(() => this.records.within(asRange(query)).map(({ key }) => key));
  }

  count(query?: unknown): Request {
    return this.#ask(() => this.records.within(asRange(query)).length);
  }

  put(value: unknown, key: unknown): Request {
    // As it is now, not as it may have become when its turn comes.
    const kept = structuredClone(value);
    const at = requireKey(key);
    return this.#ask(() => this.write(at, kept));
  }

  add(value: unknown, key: unknown): Request {
    const kept = structuredClone(value);
    const at = requireKey(key);
    return this.#ask(() => {
      if (this.records.get(at) !== undefined) throw new DOMException("there is one with this key", "ConstraintError");
      return this.write(at, kept);
    });
  }

  delete(query: unknown): Request {
    return this.#ask(() => {
      for (const { key } of this.records.within(asRange(query))) this.remove(key);
    });
  }

  clear(): Request {
    return this.#ask(() => {
      const { records, transaction } = this;
      const old = records.sorted.splice(0);
      transaction.undo.push(() => void records.sorted.splice(0, records.sorted.length, ...old));
      transaction.changes.push(["clear", this.name]);
    });
  }

  openCursor(query?: unknown): Request {
    const request = new Request(this.transaction, this);
    return this.transaction.ask(request, () => Cursor.over(this, request, this.records.within(asRange(query))));
  }

  index(name: string): Index {
    const shape = this.records.indexes.get(name);
    if (shape === undefined) throw new DOMException(`no index ${name}`, "NotFoundError");
    return new Index(this, name, shape);
  }

  createIndex(name: string, keyPath: string | readonly string[], { unique = false }: { readonly unique?: boolean } = {}): Index {
    const { records, transaction } = this;
    const shape = { keyPath: typeof keyPath === "string" ? keyPath : [...keyPath], unique };
    records.indexes.set(name, shape);
    transaction.undo.push(() => records.indexes.delete(name));
    transaction.changes.push(["index", this.name, name, shape.keyPath, unique]);
    return new Index(this, name, shape);
  }

  /** Now, inside a request. */
  write(key: Key, value: unknown): Key {
    const { records, transaction } = this;
    const old = records.put(key, value);
    transaction.undo.push(() => void (old === undefined ? records.delete(key) : records.put(key, old.value)));
    transaction.changes.push(["put", this.name, key, value]);
    return key;
  }

  /** Now, inside a request. */
  remove(key: Key): void {
    const { records, transaction } = this;
    const old = records.delete(key);
    if (old === undefined) return;
    transaction.undo.push(() => void records.put(key, old.value));
    transaction.changes.push(["delete", this.name, key]);
  }

  #ask(work: () => unknown): Request {
    return this.transaction.ask(new Request(this.transaction, this), work);
  }
}

/** IDBIndex. It is computed when asked: the crypto store asks rarely, and writes often. */
export class Index {
  readonly name: string;
  readonly objectStore: ObjectStore;
  readonly #shape: IndexShape;

  constructor(store: ObjectStore, name: string, shape: IndexShape) {
    this.objectStore = store;
    this.name = name;
    this.#shape = shape;
  }

  get(query: unknown): Request {
    return this.#ask(() => this.#within(query)[0]?.value);
  }

  getAll(query?: unknown, count = 0): Request {
    return this.#ask(() => values(this.#within(query).slice(0, count || undefined)));
  }

  getAllKeys(query?: unknown): Request {
    return this.#ask(() => this.#within(query).map(({ key }) => key));
  }

  count(query?: unknown): Request {
    return this.#ask(() => this.#within(query).length);
  }

  openCursor(query?: unknown): Request {
    const { transaction } = this.objectStore;
    const request = new Request(transaction, this);
    return transaction.ask(request, () => Cursor.over(this.objectStore, request, this.#within(query)));
  }

  #within(query: unknown) {
    return this.objectStore.records.withinIndex(this.#shape, asRange(query));
  }

  #ask(work: () => unknown): Request {
    const { transaction } = this.objectStore;
    return transaction.ask(new Request(transaction, this), work);
  }
}

/** IDBCursorWithValue over what there was when it was opened. */
export class Cursor {
  readonly request: Request;
  readonly source: ObjectStore;
  readonly #found: readonly (KeptRecord & { readonly indexKey?: Key })[];
  #at = 0;

  private constructor(source: ObjectStore, request: Request, found: readonly KeptRecord[]) {
    this.source = source;
    this.request = request;
    this.#found = found;
  }

  static over(source: ObjectStore, request: Request, found: readonly KeptRecord[]): Cursor | null {
    return found.length === 0 ? null : new Cursor(source, request, found);
  }

  get key(): Key {
    const { indexKey, key } = this.#found[this.#at]!;
    return indexKey ?? key;
  }

  get primaryKey(): Key {
    return this.#found[this.#at]!.key;
  }

  get value(): unknown {
    return this.#found[this.#at]!.value;
  }

  continue(): void {
    this.#go(1);
  }

  advance(count: number): void {
    this.#go(count);
  }

  update(value: unknown): Request {
    return this.source.put(value, this.primaryKey);
  }

  delete(): Request {
    return this.source.delete(this.primaryKey);
  }

  #go(steps: number): void {
    this.source.transaction.ask(this.request, () => {
      this.#at += steps;
      return this.#at < this.#found.length ? this : null;
    });
  }
}
