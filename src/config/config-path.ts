import { RequestError } from "../core/errors.ts";

/** Steps from the root of the config to a value: keys, and numbers for items of an array. */
export type ConfigPath = readonly (string | number)[];

export type Table = Record<string, unknown>;

/** Keys that would reach the prototype of an object (sec-20). They are refused wherever they stand. */
export const UNSAFE_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

export function isTable(value: unknown): value is Table {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  );
}

/** `gateway.port`, `providers."my name".models[0]`. */
export function formatPath(path: ConfigPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += (text === "" ? "" : ".") + (/^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step));
  }
  return text;
}

/**
 * Keys of a dotted path; a key with other characters is quoted as in TOML.
 * @throws RequestError `config_bad_path`
 */
export function parsePath(text: string): string[] {
  if (text === "") return [];
  const steps: string[] = [];
  const step = /(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')(\.|$)/y;
  while (step.lastIndex < text.length || steps.length === 0 || text.endsWith(".")) {
    const match = step.exec(text);
    if (match === null) throw badPath(text, "write dotted keys such as gateway.port");
    steps.push(match[1] ?? match[3] ?? unquote(match[2] ?? "", text));
    if (match[4] === "") break;
  }
  if (steps.some((key) => UNSAFE_KEYS.includes(key))) throw badPath(text, "this name is never a key");
  return steps;
}

function unquote(body: string, text: string): string {
  try {
    return JSON.parse(`"${body}"`) as string;
  } catch {
    throw badPath(text, "a quoted key has a wrong escape");
  }
}

export function badPath(text: string, hint: string): RequestError {
  return new RequestError("config_bad_path", `not a key of the config: ${text.slice(0, 200)}`, { hint });
}

/** @returns undefined when there is nothing. */
export function getAt(tree: unknown, path: ConfigPath): unknown {
  let value = tree;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Puts a value into a tree in place, making tables on the way. @returns false when something on the way is not a table. */
export function setAt(tree: Table, path: readonly string[], value: unknown): boolean {
  let table = tree;
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(table, key)) table[key] = {};
    const next = table[key];
    if (!isTable(next)) return false;
    table = next;
  }
  table[path.at(-1)!] = value;
  return true;
}

/** Removes a value in place, and tables that are empty for it. @returns whether there was one. */
export function unsetAt(tree: Table, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined || !Object.hasOwn(tree, key)) return false;
  if (rest.length === 0) return delete tree[key];
  const next = tree[key];
  if (!isTable(next) || !unsetAt(next, rest)) return false;
  if (Object.keys(next).length === 0) delete tree[key];
  return true;
}

/** Every value that is no table, with its path. Arrays count as values; so do empty tables. */
export function leaves(tree: unknown, path: readonly string[] = []): { path: readonly string[]; value: unknown }[] {
  if (!isTable(tree) || Object.keys(tree).length === 0) return path.length === 0 ? [] : [{ path, value: tree }];
  return Object.entries(tree).flatMap(([key, value]) => leaves(value, [...path, key]));
}
