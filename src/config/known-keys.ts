import { notesOf, wrappedSchema, v, type Schema, type SchemaNotes } from "../lib/schema/index.ts";

/** A schema as the loader sees it: what may stand below it. */
export type Shape =
  | { readonly kind: "table"; readonly entries: Readonly<Record<string, Schema>> }
  | { readonly kind: "record"; readonly key: Schema; readonly value: Schema }
  | { readonly kind: "array"; readonly item: Schema }
  | { readonly kind: "choice"; readonly options: readonly Schema[]; /** Key that tells the options apart. */ readonly by?: string }
  | { readonly kind: "value"; readonly type: string };

interface Inside {
  readonly type: string;
  readonly entries?: Record<string, Schema>;
  readonly key?: Schema | string;
  readonly value?: Schema;
  readonly item?: Schema;
  readonly options?: readonly Schema[];
}

/** Without `optional` and the like around it. */
export function bare(schema: Schema): Schema {
  const inner = wrappedSchema(schema);
  return inner === undefined ? schema : bare(inner);
}

export function shapeOf(schema: Schema): Shape {
  const inside = bare(schema) as unknown as Inside;
  if (inside.entries !== undefined) return { kind: "table", entries: inside.entries };
  if (inside.type === "record") return { kind: "record", key: inside.key as Schema, value: inside.value! };
  if (inside.type === "array") return { kind: "array", item: inside.item! };
  if (inside.type === "variant") return { kind: "choice", options: inside.options!, by: inside.key as string };
  if (inside.type === "union") return { kind: "choice", options: inside.options! };
  return { kind: "value", type: inside.type };
}

/** The option of a choice that a value means: by its telling key, else the one that knows most of its keys. */
export function chooseOption(shape: Shape & { kind: "choice" }, value: unknown): Schema {
  const tables = shape.options.filter((option) => shapeOf(option).kind === "table");
  if (typeof value !== "object" || value === null || tables.length === 0) return shape.options[0]!;
  const { by } = shape;
  const told =
    by === undefined
      ? undefined
      : tables.find((option) => {
          const entries = entriesOf(option);
          return entries[by] !== undefined && v.is(entries[by], (value as Record<string, unknown>)[by]);
        });
  const known = (option: Schema) => Object.keys(value).filter((key) => Object.hasOwn(entriesOf(option), key)).length;
  return told ?? tables.toSorted((a, b) => known(b) - known(a))[0]!;
}

function entriesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const shape = shapeOf(schema);
  return shape.kind === "table" ? shape.entries : {};
}

/** The schema of a key below `schema`, and the names there are when it is unknown. */
export function childOf(schema: Schema, key: string | number, value?: unknown): { schema?: Schema; names: readonly string[] } {
  const shape = shapeOf(schema);
  if (shape.kind === "choice") return childOf(chooseOption(shape, value), key, value);
  if (shape.kind === "record") return { schema: shape.value, names: [] };
  if (shape.kind === "array") return { schema: shape.item, names: [] };
  if (shape.kind === "value") return { names: [] };
  const names = Object.keys(shape.entries);
  return Object.hasOwn(shape.entries, key) ? { schema: shape.entries[key]!, names } : { names };
}

/** One key of the config with everything there is to say about it. */
export interface KnownKey {
  /** Keys from the root; NAME stands for a name that the owner chooses. */
  readonly path: readonly string[];
  readonly schema: Schema;
  readonly notes: SchemaNotes;
  /** Its default; undefined when it has none. */
  readonly fallback: unknown;
  readonly isTable: boolean;
}

/** Every key, tables before what is in them. What holds for a table (a restart) holds for what is in it. */
export function knownKeys(schema: Schema, path: readonly string[] = [], restart = false): KnownKey[] {
  const shape = shapeOf(schema);
  if (shape.kind === "record") return knownKeys(shape.value, [...path, "NAME"], restart);
  if (shape.kind === "choice" && shapeOf(shape.options[0]!).kind === "table")
    return mergedKeys(shape.options.flatMap((option) => knownKeys(option, path, restart)));
  if (shape.kind !== "table") return [];
  return Object.entries(shape.entries).flatMap(([key, entry]) => {
    const own = notesOf(entry);
    const notes = restart ? { ...own, restart } : own;
    const below = knownKeys(entry, [...path, key], notes.restart);
    const fallback: unknown = (entry as { default?: unknown }).default;
    below.unshift({ path: [...path, key], schema: entry, notes, fallback, isTable: below.length > 0 });
    return below;
  });
}

/** Keys that several options of a choice share are named once. */
function mergedKeys(keys: KnownKey[]): KnownKey[] {
  return [...new Map(keys.map((key) => [key.path.join("."), key])).values()];
}
