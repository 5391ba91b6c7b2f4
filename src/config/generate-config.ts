import { rootSchema } from "./schema.ts";
import { bare, knownKeys, shapeOf, type KnownKey } from "./known-keys.ts";

/** Keys that the generated file sets; all others stand there as comments. */
const SET: Readonly<Record<string, unknown>> = { "gateway.bind_address": "127.0.0.1", "gateway.port": 18_789, "agents.model": "offline:demo" };

const HEAD = `# Open Clanker. Lines that begin with # show a key with its default or an example; remove the # to use it.
# Text may hold \${VARIABLE} or \${VARIABLE:-default} ($\${ writes the characters \${). Secrets may also be secret:NAME (see: clanker secrets set) or file:PATH.
# include = ["other.toml"] reads further files of this folder. CLANKER__GATEWAY__PORT=1 in the environment overrides a single key.
# After a change: clanker config validate
`;

/** A config file that explains every key and is itself valid: the essentials set, everything else as comments. */
export function generateConfig(): string {
  const keys = knownKeys(rootSchema);
  const tables = [[], ...keys.filter((key) => key.isTable).map((key) => key.path)].toSorted((a, b) => order(keys, a) - order(keys, b));
  return [HEAD, ...tables.map((table) => section(keys, table)).filter((text) => text !== "")].join("\n");
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((step, index) => step === b[index]);

const order = (keys: readonly KnownKey[], path: readonly string[]) => keys.findIndex((key) => same(key.path, path));

function section(keys: readonly KnownKey[], table: readonly string[]): string {
  const own = keys.filter((key) => !key.isTable && withoutName(key.path.slice(0, -1), table) && !isRepeated(keys, key));
  if (own.length === 0) return "";
  const names = own[0]!.path.slice(0, -1);
  const isSet = own.some((key) => key.path.join(".") in SET);
  const note = keys.find((key) => same(key.path, table))?.notes.description;
  const lines = own.flatMap((key) => comment(key).concat(line(key)));
  return `${note === undefined ? "" : `# ${note}\n`}${isSet ? "" : "# "}[${names.join(".")}]\n${lines.join("\n")}\n`;
}

/** An account has the keys of its channel, which are explained there; what it must have of its own is shown again. */
function isRepeated(keys: readonly KnownKey[], { path, notes }: KnownKey): boolean {
  const accounts = path.indexOf("accounts");
  return accounts !== -1 && notes.secret !== true && notes.perAccount !== true && keys.some((key) => same(key.path, path.toSpliced(accounts, 2)));
}

/** `agents.list` heads the keys of `agents.list.NAME`. */
function withoutName(path: readonly string[], table: readonly string[]): boolean {
  return same(path, table) || (same(path.slice(0, -1), table) && path.at(-1) === "NAME");
}

function comment({ notes, schema }: KnownKey): string[] {
  const choices = choicesOf(schema);
  const missing = choices.filter((choice) => notes.description?.includes(choice) !== true);
  const text = [notes.description, missing.length === 0 ? undefined : `One of ${choices.join(", ")}.`].filter((part) => part !== undefined).join(" ");
  return text === "" ? [] : [`# ${text}`];
}

function line(key: KnownKey): string {
  const path = key.path.join(".");
  const name = key.path.at(-1)!;
  if (path in SET) return `${name} = ${toml(SET[path])}`;
  return `# ${name} = ${toml(exampleOf(key))}`;
}

/** What stands behind the = : the default, else an example, else the shape of a value. */
export function exampleOf({ path, fallback, notes, schema }: KnownKey): unknown {
  if (fallback !== undefined && !(isEmpty(fallback) && notes.example !== undefined)) return fallback;
  if (notes.secret === true) return secretExample(path, notes.example);
  if (notes.example !== undefined) return notes.example;
  const shape = shapeOf(schema);
  if (shape.kind === "array") return [];
  if (shape.kind === "record" || shape.kind === "table") return {};
  if (shape.kind === "value" && shape.type === "number") return leastOf(schema);
  if (shape.kind === "value" && shape.type === "boolean") return false;
  return choicesOf(schema)[0] ?? "...";
}

/** A variable for each: two accounts with one secret are refused (sec-108). */
function secretExample(path: readonly string[], given: unknown): string {
  const words = path.filter((step) => !["channels", "accounts", "NAME"].includes(step));
  const example = typeof given === "string" ? given : `\${${words.join("_").toUpperCase()}}`;
  return path.includes("accounts") ? example.replace(/\}$/, "_NAME}") : example;
}

function leastOf(schema: KnownKey["schema"]): number {
  const pipe = (bare(schema) as { pipe?: { type: string; requirement?: unknown }[] }).pipe ?? [];
  const least = pipe.find(({ type }) => type === "min_value")?.requirement;
  return typeof least === "number" ? least : 0;
}

const isEmpty = (value: unknown) => value === "" || (Array.isArray(value) && value.length === 0);

/** The texts that a key may have, when they are counted. */
export function choicesOf(schema: KnownKey["schema"]): string[] {
  const options = (schema as { options?: unknown }).options ?? (schema as { wrapped?: { options?: unknown } }).wrapped?.options;
  return Array.isArray(options) ? options.filter((option) => typeof option === "string") : [];
}

/** A value in TOML. JSON's texts, numbers and lists are TOML's too; only tables differ. */
export function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${key} = ${toml(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
