import { extname } from "node:path";
import json5 from "json5";
import { parse as parseToml, TomlError } from "smol-toml";
import { formatPath, isTable, UNSAFE_KEYS, type Table } from "./config-path.ts";
import { ConfigInvalid, type ConfigProblem } from "./config-problem.ts";
import { jsonKeyLines, tomlKeyLines, type KeyLines } from "./key-lines.ts";

export type ConfigFormat = "toml" | "json5" | "json";

export interface ParsedConfig {
  readonly format: ConfigFormat;
  /** Plain tables, arrays, texts, numbers and booleans as written. */
  readonly tree: Table;
  readonly lines: KeyLines;
  readonly comments: boolean;
}

/** By extension; anything that is not .json or .json5 is TOML. */
export function formatOf(file: string): ConfigFormat {
  const extension = extname(file).toLowerCase();
  return extension === ".json5" ? "json5" : extension === ".json" ? "json" : "toml";
}

/**
 * Reads one file's text.
 * @throws ConfigInvalid when it is not well formed or has keys that could reach an object's prototype (sec-20).
 */
export function parseConfig(text: string, file: string): ParsedConfig {
  const format = formatOf(file);
  const tree = format === "toml" ? readToml(text, file) : readJson5(text, file);
  if (!isTable(tree)) throw new ConfigInvalid([{ key: "", source: { type: "file", file, line: 1 }, message: "the file must hold one object" }]);
  const { lines, comments } = format === "toml" ? { lines: tomlKeyLines(text), comments: true } : jsonKeyLines(text);
  const problems = unsafeKeys(tree, [], file, lines);
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return { format, tree, lines, comments };
}

function readToml(text: string, file: string): unknown {
  try {
    return parseToml(text, { unsafeKeyBehaviour: "keep" });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of its message repeats the line, which may hold a secret.
    const message = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new ConfigInvalid([{ key: "", source: { type: "file", file, line: error.line }, message: `not valid TOML: ${message} (column ${error.column})` }]);
  }
}

function readJson5(text: string, file: string): unknown {
  try {
    return json5.parse(text);
  } catch (error) {
    const { lineNumber = 1, columnNumber = 1 } = error as { lineNumber?: number; columnNumber?: number };
    throw new ConfigInvalid([{ key: "", source: { type: "file", file, line: lineNumber }, message: `not valid JSON5 (column ${columnNumber})` }]);
  }
}

function unsafeKeys(value: unknown, path: (string | number)[], file: string, lines: KeyLines): ConfigProblem[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => unsafeKeys(item, [...path, index], file, lines));
  if (!isTable(value)) return [];
  return Reflect.ownKeys(value).flatMap((key) => {
    const inner = [...path, String(key)];
    if (!UNSAFE_KEYS.includes(String(key))) return unsafeKeys(value[String(key)], inner, file, lines);
    return [{ key: formatPath(inner), source: { type: "file" as const, file, line: lines.get(formatPath(inner)) ?? 1 }, message: "this name is never a key" }];
  });
}
