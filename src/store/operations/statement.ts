/**
 * An operation is written once, as a generator that yields SQL and is given rows. A driver runs it in one transaction: SQLite in one synchronous go,
 * PostgreSQL by awaiting each statement. What must stay true: `?` stands for parameters only, and the SQL is in the subset that both engines know; where there
 * is no such subset (text search), a statement has a second wording.
 */
export type Value = string | number | null | Uint8Array;

export interface Statement extends Wording {
  /** `one`: first row or undefined; `all`: every row; `run`: number of changed rows. */
  readonly mode: "one" | "all" | "run";
  /** What PostgreSQL is asked instead. */
  readonly postgres?: Wording;
}

export interface Wording {
  readonly sql: string;
  readonly params: readonly Value[];
}

/** Steps of an operation; drivers answer each yielded statement with what its mode says. */
export type Steps<T> = Generator<Statement, T, unknown>;

export function* one<R>(sql: string, ...params: readonly Value[]): Steps<R | undefined> {
  return (yield { mode: "one", sql, params }) as R | undefined;
}

export function* all<R>(sql: string, ...params: readonly Value[]): Steps<R[]> {
  return (yield { mode: "all", sql, params }) as R[];
}

/** Every row, asked in each engine's own words. */
export function* allWorded<R>(wording: { readonly sqlite: Wording; readonly postgres: Wording }): Steps<R[]> {
  return (yield { mode: "all", ...wording.sqlite, postgres: wording.postgres }) as R[];
}

/** @returns how many rows changed. */
export function* run(sql: string, ...params: readonly Value[]): Steps<number> {
  return (yield { mode: "run", sql, params }) as number;
}

/** `?, ?, ?` for a list of `count` values. */
export function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}
