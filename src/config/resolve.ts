import { readFile, stat } from "node:fs/promises";
import { dirname, resolve as resolvePath } from "node:path";
import { Secret, type Secrets } from "../core/secret.ts";
import { isSecret, notesOf, type Schema } from "../lib/schema/index.ts";
import { coerceScalar } from "./coerce.ts";
import { formatPath, isTable, type ConfigPath, type Table } from "./config-path.ts";
import type { ConfigProblem, Source } from "./config-problem.ts";
import type { Env } from "./env.ts";
import { interpolate } from "./interpolate.ts";
import { bare, chooseOption, childOf, shapeOf } from "./known-keys.ts";
import { nearestName } from "../lib/nearest-name/index.ts";

export interface ResolveOptions {
  readonly schema: Schema;
  readonly env: Env;
  readonly sourceOf: (path: ConfigPath) => Source;
  /** Relative references of values that no file holds start here. */
  readonly configFolder: string;
  /** The store behind `secret:NAME`; asked only when there is such a reference. */
  readonly secrets: (() => Secrets | Promise<Secrets>) | undefined;
}

export interface Resolved {
  /** What the schema is asked about: variables put in, secrets as handles, unknown keys left out. */
  readonly tree: Table;
  readonly problems: readonly ConfigProblem[];
  /** Keys whose value could not be had: complaints of the schema about them or what holds them would only repeat it. */
  readonly missing: readonly string[];
  readonly secretsUsed: readonly Secret[];
  /** What the owner should know although the config is in force. */
  readonly warnings: readonly string[];
}

const MAX_SECRET_FILE = 65_536;
const MAX_TEXT_FILE = 1_048_576;

interface Work extends ResolveOptions {
  readonly problems: ConfigProblem[];
  readonly missing: string[];
  readonly secretsUsed: Secret[];
  readonly warnings: string[];
  store?: Promise<Secrets> | undefined;
}

/** What `config get` shows in place of a secret, sent back by somebody who edits what was shown. */
const PLACEHOLDER = /^(\[secret .*\]|\*{3,})$/;

/** A value that could not be had; a problem says why. */
const NOTHING = Symbol("nothing");

/** Turns what is written into what the schema checks, and names every key that the schema does not know. */
export async function resolveConfig(written: Table, options: ResolveOptions): Promise<Resolved> {
  const work: Work = { ...options, problems: [], missing: [], secretsUsed: [], warnings: [] };
  const tree = (await resolveTable(work, options.schema, written, [])) as Table;
  return { tree, problems: work.problems, missing: work.missing, secretsUsed: work.secretsUsed, warnings: work.warnings };
}

async function resolveValue(work: Work, schema: Schema, value: unknown, path: ConfigPath): Promise<unknown> {
  if (isSecret(schema)) return resolveSecret(work, value, path);
  const shape = shapeOf(schema);
  const isItsOwn = shape.kind === "table" || shape.kind === "record";
  if (shape.kind === "choice") {
    if (isTable(value)) return resolveTable(work, chooseOption(shape, value), value, path);
    if (typeof value === "string") return resolveText(work, schema, value, path);
    return value;
  }
  if (isItsOwn && isTable(value)) return resolveTable(work, schema, value, path);
  if (isItsOwn) return complain(work, path, { message: "expected a table", found: describe(value) });
  if (shape.kind === "array" && Array.isArray(value)) {
    const items = [];
    for (const [index, item] of value.entries()) items.push(await resolveValue(work, shape.item, item, [...path, index]));
    return items.includes(NOTHING) ? NOTHING : items;
  }
  return typeof value === "string" ? resolveText(work, schema, value, path) : value;
}

async function resolveTable(work: Work, schema: Schema, table: Table, path: ConfigPath): Promise<unknown> {
  const out: Table = {};
  for (const [key, value] of Object.entries(table)) {
    const inner = [...path, key];
    const { schema: below, names } = childOf(schema, key, table);
    if (below === undefined) {
      const nearest = nearestName(key, names);
      // The value is not shown: behind a mistyped name may stand a secret.
      work.problems.push({
        key: formatPath(inner),
        source: work.sourceOf(inner),
        message: "unknown key",
        ...(nearest === undefined ? hintFor(names) : { nearest }),
      });
      continue;
    }
    const resolved = await resolveValue(work, below, value, inner);
    if (resolved !== NOTHING) out[key] = resolved;
  }
  return out;
}

function hintFor(names: readonly string[]): { hint?: string } {
  return names.length === 0 || names.length > 25 ? {} : { hint: `there are: ${names.join(", ")}` };
}

async function resolveText(work: Work, schema: Schema, written: string, path: ConfigPath): Promise<unknown> {
  const text = putIn(work, written, path);
  if (text === NOTHING) return NOTHING;
  if (notesOf(schema).textOrFile === true && text.text.startsWith("file:")) return readReference(work, text.text, path, MAX_TEXT_FILE);
  const type = (bare(schema) as { type?: string }).type ?? "";
  return text.changed ? coerceScalar(type, text.text) : text.text;
}

/** Overrides of the environment are taken as they are: nothing is put into them. */
function putIn(work: Work, written: string, path: ConfigPath): { text: string; changed: boolean } | typeof NOTHING {
  if (work.sourceOf(path).type === "env") return { text: written, changed: false };
  const result = interpolate(written, work.env);
  return "problem" in result ? complain(work, path, { message: result.problem }) : result;
}

async function resolveSecret(work: Work, written: unknown, path: ConfigPath): Promise<unknown> {
  if (typeof written !== "string")
    return complain(work, path, { message: "expected text: a literal, ${VARIABLE}, secret:NAME or file:PATH", found: typeOf(written) });
  const filled = putIn(work, written, path);
  if (filled === NOTHING) return NOTHING;
  const value = await dereference(work, filled.text, path);
  if (value === NOTHING) return NOTHING;
  if (value.trim() === "") return complain(work, path, { message: "the secret is blank", hint: "give it a value, or remove the key" });
  if (PLACEHOLDER.test(value))
    return complain(work, path, { message: "this is how a secret is shown, not its value", hint: "leave the key out of the change" });
  const handle = new Secret(formatPath(path), value);
  work.secretsUsed.push(handle);
  return handle;
}

async function dereference(work: Work, text: string, path: ConfigPath): Promise<string | typeof NOTHING> {
  if (text.startsWith("file:")) {
    const content = await readReference(work, text, path, MAX_SECRET_FILE);
    if (content === NOTHING) return NOTHING;
    await warnIfOpen(work, fileOf(work, text, path), path);
    return content.replace(/\r?\n$/, "");
  }
  if (!text.startsWith("secret:")) return text;
  const name = text.slice("secret:".length);
  if (work.secrets === undefined) return complain(work, path, { message: `secret ${name} cannot be read here: there is no secret store` });
  work.store ??= Promise.resolve(work.secrets());
  const found = await (await work.store).get(name);
  return found?.reveal() ?? complain(work, path, { message: `there is no secret ${name}`, hint: `add it with: clanker secrets set ${name}` });
}

/** A file that is named relative to the config file it is named in. */
function fileOf(work: Work, reference: string, path: ConfigPath): string {
  const source = work.sourceOf(path);
  return resolvePath(source.type === "file" ? dirname(source.file) : work.configFolder, reference.slice("file:".length));
}

/** Container secrets are often readable by a group on purpose, so this is said and not refused. Windows has no such bits. */
async function warnIfOpen(work: Work, file: string, path: ConfigPath): Promise<void> {
  const mode = process.platform === "win32" ? 0 : ((await stat(file).catch(() => undefined))?.mode ?? 0) & 0o077;
  if (mode !== 0) work.warnings.push(`${file}, the secret of ${formatPath(path)}, can be read by others on this machine: chmod 600 ${file}`);
}

async function readReference(work: Work, reference: string, path: ConfigPath, limit: number): Promise<string | typeof NOTHING> {
  const file = fileOf(work, reference, path);
  try {
    const content = await readFile(file, "utf8");
    return content.length <= limit ? content : complain(work, path, { message: `${file} is larger than ${limit} bytes` });
  } catch (error) {
    return complain(work, path, { message: `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}` });
  }
}

function complain(work: Work, path: ConfigPath, problem: Pick<ConfigProblem, "message" | "found" | "hint">): typeof NOTHING {
  const key = formatPath(path);
  work.missing.push(key);
  work.problems.push({ key, source: work.sourceOf(path), ...problem });
  return NOTHING;
}

/** A written value, shortened. */
export function describe(value: unknown): string {
  if (isTable(value)) return "a table";
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : isTable(value) ? "a table" : `a ${typeof value}`;
}
