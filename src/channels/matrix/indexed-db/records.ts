import { compareKeys, type Key, type KeyRange, asKey } from "./keys.ts";

export interface KeptRecord {
  readonly key: Key;
  readonly value: unknown;
}

export interface IndexShape {
  readonly keyPath: string | readonly string[];
  readonly unique: boolean;
}

/** One object store: its records in the order of their keys, and what its indexes look at. */
export class Records {
  readonly indexes = new Map<string, IndexShape>();
  readonly sorted: KeptRecord[] = [];

  get(key: Key): KeptRecord | undefined {
    const at = this.#place(key);
    const found = this.sorted[at];
    return found !== undefined && compareKeys(found.key, key) === 0 ? found : undefined;
  }

  /** @returns what stood there before. */
  put(key: Key, value: unknown): KeptRecord | undefined {
    const at = this.#place(key);
    const old = this.sorted[at];
    const replaces = old !== undefined && compareKeys(old.key, key) === 0;
    this.sorted.splice(at, replaces ? 1 : 0, { key, value });
    return replaces ? old : undefined;
  }

  /** @returns what was taken away. */
  delete(key: Key): KeptRecord | undefined {
    const at = this.#place(key);
    const old = this.sorted[at];
    if (old === undefined || compareKeys(old.key, key) !== 0) return undefined;
    this.sorted.splice(at, 1);
    return old;
  }

  within(range: KeyRange | undefined): KeptRecord[] {
    if (range === undefined) return [...this.sorted];
    const from = range.lower === undefined ? 0 : this.#place(range.lower);
    const found: KeptRecord[] = [];
    for (let at = from; at < this.sorted.length; at++) {
      const record = this.sorted[at]!;
      if (range.includes(record.key)) found.push(record);
      else if (range.upper !== undefined && compareKeys(record.key, range.upper) >= 0) break;
    }
    return found;
  }

  /** By an index: in the order of its keys, then of the records' own. */
  withinIndex({ keyPath }: IndexShape, range: KeyRange | undefined): (KeptRecord & { readonly indexKey: Key })[] {
    const found: (KeptRecord & { readonly indexKey: Key })[] = [];
    for (const record of this.sorted) {
      const indexKey = asKey(typeof keyPath === "string" ? at(record.value, keyPath) : keyPath.map((path) => at(record.value, path)));
      if (indexKey !== undefined && (range === undefined || range.includes(indexKey))) found.push({ ...record, indexKey });
    }
    return found.toSorted((a, b) => compareKeys(a.indexKey, b.indexKey));
  }

  /** Where the key is, or would be. */
  #place(key: Key): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.sorted[middle]!.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function at(value: unknown, path: string): unknown {
  if (path === "") return value;
  return path.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value);
}
