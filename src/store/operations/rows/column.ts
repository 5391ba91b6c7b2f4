/** One file per table beside this one: a row as the table holds it, and as the core calls it. JSON stands in TEXT columns; an absent value is NULL there, a missing key here. */

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is null or undefined: an absent value is an absent key in every answer of the store. */
export function present<T extends object>(object: T): Defined<Partial<T>> & T {
  for (const key of Object.keys(object) as (keyof T)[]) if (object[key] === undefined || object[key] === null) delete object[key];
  return object as Defined<Partial<T>> & T;
}

export function parseOptional<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}

/** JSON of a value, NULL for undefined. */
export function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
