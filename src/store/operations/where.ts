import { marks, type Value } from "./statement.ts";

/** The conditions of a list whose filters may be left out; few combinations, so that their statements stay prepared. */
export class Where {
  readonly params: Value[] = [];
  readonly #conditions: string[] = [];

  /** Adds `condition`, with `?` for each of its values, unless one is left out. */
  when(condition: string, ...values: (Value | undefined)[]): this {
    const given = values.filter((value) => value !== undefined);
    if (given.length < values.length) return this;
    this.#conditions.push(condition);
    this.params.push(...given);
    return this;
  }

  /** Nothing is in an empty list. */
  whenIn(column: string, values: readonly Value[] | undefined): this {
    if (values === undefined) return this;
    this.#conditions.push(values.length === 0 ? "1 = 0" : `${column} IN (${marks(values.length)})`);
    this.params.push(...values);
    return this;
  }

  /** A condition without a value. */
  always(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  /** `WHERE ...`, or nothing. */
  get sql(): string {
    return this.#conditions.length === 0 ? "" : `WHERE ${this.#conditions.join(" AND ")}`;
  }
}
