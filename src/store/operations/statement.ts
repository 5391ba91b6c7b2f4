/**
 * An operation is written once, as a generator that yields SQL and is given rows. A driver runs it in one transaction: SQLite in one synchronous go,
 * PostgreSQL by awaiting each statement. What must stay true: `?` stands for parameters only, and the SQL is in the subset that both engines know.
 */
export type Value = string | number | null | Uint8Array;

export interface Statement {
  /** `one`: first row or undefined; `all`: every row; `run`: number of changed rows. */
  readonly mode: "one" | "all" | "run";
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

/** @returns how many rows changed. */
export function* run(sql: string, ...params: readonly Value[]): Steps<number> {
  return (yield { mode: "run", sql, params }) as number;
}

/** `?, ?, ?` for a list of `count` values. */
export function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}
