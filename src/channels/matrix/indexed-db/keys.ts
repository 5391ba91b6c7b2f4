/** Keys and their order (Indexed Database API 3.0, section 2.4), as far as the crypto store uses them: numbers, strings, binary and arrays of these. */
export type Key = number | string | Uint8Array | readonly Key[];

const RANK = (key: Key): number => (typeof key === "number" ? 0 : typeof key === "string" ? 1 : key instanceof Uint8Array ? 2 : 3);

/** @returns negative, 0 or positive, as `Array.sort` wants it. */
export function compareKeys(a: Key, b: Key): number {
  const rank = RANK(a) - RANK(b);
  if (rank !== 0) return rank;
  if (typeof a === "number" || typeof a === "string") return a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0;
  const other = b as typeof a;
  for (let index = 0; index < Math.min(a.length, other.length); index++) {
    const order = compareKeys(a[index]!, other[index]!);
    if (order !== 0) return order;
  }
  return a.length - other.length;
}

/** @returns undefined for what is no key: such a record has no place in an index. */
export function asKey(value: unknown): Key | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  if (!Array.isArray(value)) return undefined;
  const keys = value.map(asKey);
  return keys.some((key) => key === undefined) ? undefined : (keys as Key[]);
}

/** IDBKeyRange. */
export class KeyRange {
  readonly lower: Key | undefined;
  readonly upper: Key | undefined;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;

  constructor(lower: Key | undefined, upper: Key | undefined, open: { lower: boolean; upper: boolean }) {
    this.lower = lower;
    this.upper = upper;
    this.lowerOpen = open.lower;
    this.upperOpen = open.upper;
  }

  static bound(lower: unknown, upper: unknown, lowerOpen = false, upperOpen = false): KeyRange {
    return new KeyRange(requireKey(lower), requireKey(upper), { lower: lowerOpen, upper: upperOpen });
  }

  static lowerBound(lower: unknown, open = false): KeyRange {
    return new KeyRange(requireKey(lower), undefined, { lower: open, upper: true });
  }

  static upperBound(upper: unknown, open = false): KeyRange {
    return new KeyRange(undefined, requireKey(upper), { lower: true, upper: open });
  }

  static only(value: unknown): KeyRange {
    const key = requireKey(value);
    return new KeyRange(key, key, { lower: false, upper: false });
  }

  includes(key: Key): boolean {
    const above = this.lower === undefined ? 1 : compareKeys(key, this.lower);
    const below = this.upper === undefined ? -1 : compareKeys(key, this.upper);
    return (this.lowerOpen ? above > 0 : above >= 0) && (this.upperOpen ? below < 0 : below <= 0);
  }
}

/** @throws DOMException DataError for what is no key. */
export function requireKey(value: unknown): Key {
  const key = asKey(value);
  if (key === undefined) throw new DOMException("not a valid key", "DataError");
  return key;
}

/** What a query argument means: a range, one key, or everything. */
export function asRange(query: unknown): KeyRange | undefined {
  if (query === undefined || query === null) return undefined;
  return query instanceof KeyRange ? query : KeyRange.only(query);
}
