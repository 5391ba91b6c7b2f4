import { toJsonSchema as convert } from "@valibot/to-json-schema";
import * as v from "valibot";
import { Secret } from "../../core/secret.ts";

export { v };

/** Any synchronous valibot schema. */
export type Schema = v.GenericSchema;

/** What `described` and `secret` remember about a key beside its type. */
export interface SchemaNotes {
  readonly description?: string;
  /** True when a change is only felt after a restart. */
  readonly restart?: boolean;
  /** What an account has to have of its own: shown for further accounts too. */
  readonly perAccount?: boolean;
  /** Written into the generated config, as a value. */
  readonly example?: unknown;
  /** The value is a `Secret` handle and is never shown. */
  readonly secret?: boolean;
  /** The value may be `file:PATH`. */
  readonly textOrFile?: boolean;
}

/**
 * A key whose value is a `Secret` handle. In the config file it is text: a literal, `${VAR}`, `secret:NAME` or `file:PATH`;
 * the loader resolves that before the schema sees it. Blank text is refused by the loader.
 */
export function secret(): v.GenericSchema<Secret> {
  return v.pipe(v.instance(Secret, "must be a secret"), v.metadata({ secret: true }));
}

/** The same schema with its explanation for docs, the generated config and JSON Schema. */
export function described<S extends Schema>(schema: S, text: string, notes: Pick<SchemaNotes, "restart" | "perAccount" | "example"> = {}): S {
  const items = pipeItems(schema);
  // Before any transformation, because JSON Schema of the input stops there; behind older notes, because the last one wins.
  const position = items.findIndex((item, index) => index > 0 && item.kind !== "metadata");
  items.splice(position === -1 ? items.length : position, 0, v.metadata({ description: text, ...notes }));
  // A pipe is its first schema with more steps, so the entry keeps its type, its default and its being optional.
  return (v.pipe as (...items: unknown[]) => unknown)(...items) as S;
}

function pipeItems(schema: Schema): { kind: string }[] {
  const [first, ...rest] = (schema as { pipe?: Schema[] }).pipe ?? [];
  return first === undefined ? [schema] : [...pipeItems(first), ...rest];
}

/** Notes of a schema, those of its wrappers (`optional`, `nullable`) over those of what is wrapped. */
export function notesOf(schema: Schema): SchemaNotes {
  const inner = wrappedSchema(schema);
  const own: SchemaNotes = v.getMetadata(schema);
  return inner === undefined ? own : { ...notesOf(inner), ...own };
}

/** What an `optional`, `nullable` or the like wraps, else undefined. */
export function wrappedSchema(schema: Schema): Schema | undefined {
  return (schema as { wrapped?: Schema }).wrapped;
}

/** Whether the value of this key is a secret. */
export function isSecret(schema: Schema): boolean {
  return notesOf(schema).secret === true;
}

/** JSON Schema (draft 2020-12, without `$schema`) of what may be written: before defaults and transformations. Secrets are `writeOnly` strings. */
export function toJsonSchema(schema: Schema): Record<string, unknown> {
  const { $schema: _, ...json } = convert(schema, {
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === "instance" ? { ...jsonSchema, type: "string", writeOnly: true } : undefined),
    // Only the standard words: the other notes are for us.
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (valibotAction.type !== "metadata") return undefined;
      const { restart: _restart, example: _example, secret: _secret, textOrFile: _textOrFile, ...standard } = jsonSchema as Record<string, unknown>;
      return standard;
    },
  });
  return json;
}

/** Text that may be written as `file:PATH` (relative to the config file); the loader puts the file's text in its place. */
export function textOrFile(): v.GenericSchema<string> {
  return v.pipe(v.string(), v.metadata({ textOrFile: true }));
}
