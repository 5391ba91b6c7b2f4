import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { ConfigError } from "../core/errors.ts";
import { formatPath, isTable, type Table } from "./config-path.ts";
import { ConfigInvalid, type Source } from "./config-problem.ts";
import { parseConfig, type ParsedConfig } from "./parse-config.ts";

/** Everything that the config file and its includes say, before environment and schema. */
export interface WrittenConfig {
  readonly tree: Table;
  /** Where every key and array item stands, by formatted path. */
  readonly origins: Map<string, Source>;
  /** All files read, the main one first. */
  readonly files: readonly string[];
  /** SHA-256 of all files, hex. Changes with every byte. */
  readonly digest: string;
  /** The main file alone; undefined when there is none. */
  readonly main: (ParsedConfig & { readonly text: string }) | undefined;
}

export interface ReadConfigOptions {
  /** Text to take for the main file instead of what is on disk: a change that is checked before it is written. */
  readonly text?: string;
}

const MAX_DEPTH = 10;

interface Reading {
  readonly root: string;
  readonly origins: Map<string, Source>;
  readonly files: string[];
  readonly hash: ReturnType<typeof createHash>;
}

/**
 * Reads the config file and what it includes: an included file is below the file that names it, later ones over earlier ones, tables merged key by key.
 * A missing config file is an empty one.
 * @throws ConfigError `config_unreadable`; ConfigInvalid for syntax, includes that are missing, too deep (10), in a circle or outside the config folder, also through symbolic links.
 */
export async function readConfig(file: string, options: ReadConfigOptions = {}): Promise<WrittenConfig> {
  const text = options.text ?? (await readIfThere(file));
  const hash = createHash("sha256");
  if (text === undefined) return { tree: {}, origins: new Map(), files: [], digest: hash.digest("hex"), main: undefined };
  const root = await realpath(dirname(file)).catch(() => dirname(file));
  const reading: Reading = { root, origins: new Map(), files: [], hash };
  const main = parseConfig(text, file);
  const tree = await addFile(reading, { file, text, parsed: main, chain: [] });
  return { tree, origins: reading.origins, files: reading.files, digest: hash.digest("hex"), main: { ...main, text } };
}

interface OneFile {
  readonly file: string;
  readonly text: string;
  readonly parsed: ParsedConfig;
  /** Real paths of the files that led here. */
  readonly chain: readonly string[];
}

async function addFile(reading: Reading, { file, text, parsed, chain }: OneFile): Promise<Table> {
  reading.files.push(file);
  reading.hash.update(`${file}\0${text.length}\0${text}`);
  const { own, includes } = splitIncludes(parsed, file);
  const here = await realpath(file).catch(() => file);
  const tree: Table = {};
  for (const { name, line } of includes) {
    const included = await openInclude(reading, { name, file, line, chain: [...chain, here] });
    merge(tree, await addFile(reading, included));
  }
  for (const [path, line] of parsed.lines) reading.origins.set(path, { type: "file", file, line });
  merge(tree, own);
  return tree;
}

function splitIncludes(parsed: ParsedConfig, file: string): { own: Table; includes: { name: string; line: number }[] } {
  const key = parsed.format === "toml" ? "include" : "$include";
  if (!Object.hasOwn(parsed.tree, key)) return { own: parsed.tree, includes: [] };
  const { [key]: value, ...own } = parsed.tree;
  const names = typeof value === "string" ? [value] : value;
  if (!Array.isArray(names) || names.some((name) => typeof name !== "string" || name === "")) {
    throw includeProblem(file, parsed.lines.get(formatPath([key])) ?? 1, "must be a list of file names");
  }
  const lineOf = (index: number) => parsed.lines.get(formatPath([key, index])) ?? parsed.lines.get(formatPath([key])) ?? 1;
  return { own, includes: (names as string[]).map((name, index) => ({ name, line: lineOf(index) })) };
}

interface IncludeRequest {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly chain: readonly string[];
}

async function openInclude(reading: Reading, { name, file, line, chain }: IncludeRequest): Promise<OneFile> {
  const refuse = (message: string) => includeProblem(file, line, message);
  if (isAbsolute(name)) throw refuse(`${name} must be relative to the file that includes it`);
  if (chain.length > MAX_DEPTH) throw refuse(`${name} is more than ${MAX_DEPTH} includes deep`);
  const target = resolve(dirname(file), name);
  const real = await realpath(target).catch(() => undefined);
  if (real === undefined) {
    if (!isBelow(resolve(dirname(chain[0]!)), target) && !isBelow(reading.root, target)) throw refuse(`${name} leaves the config folder`);
    throw refuse(`${name} cannot be read: no such file`);
  }
  // The real path counts: a symbolic link inside the folder may point out of it.
  if (!isBelow(reading.root, real)) throw refuse(`${name} leaves the config folder`);
  if (chain.includes(real)) throw refuse(`${name} includes itself`);
  const text = await readFile(real, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw refuse(`${name} cannot be read: ${error.code ?? "unknown error"}`);
  });
  return { file: target, text, parsed: parseConfig(text, target), chain };
}

function isBelow(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

function includeProblem(file: string, line: number, message: string): ConfigInvalid {
  return new ConfigInvalid([{ key: "include", source: { type: "file", file, line }, message }]);
}

/** Puts `over` over `under` in place: tables key by key, everything else whole. */
export function merge(under: Table, over: Table): void {
  for (const [key, value] of Object.entries(over)) {
    const there = under[key];
    if (isTable(value) && isTable(there)) merge(there, value);
    else under[key] = isTable(value) ? structuredClone(value) : value;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new ConfigError("config_unreadable", `${file} cannot be read: ${code}`, { hint: "check that it is a file and who may read it", cause: error });
  }
}
