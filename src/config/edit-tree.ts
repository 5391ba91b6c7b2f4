import { RequestError } from "../core/errors.ts";
import { badPath, formatPath, getAt, isTable, leaves, setAt, UNSAFE_KEYS, unsetAt, type Table } from "./config-path.ts";

/** Keys from the root. */
export type ConfigKeys = readonly string[];

/** Puts a value into the tree of a file, in place. @returns the paths that it touched. @throws RequestError `config_bad_path` */
export function setValue(tree: Table, path: readonly string[], value: unknown): ConfigKeys[] {
  if (!setAt(tree, path, structuredClone(value))) throw badPath(formatPath(path), "what holds this key is not a table");
  return isTable(value) ? [path, ...leaves(value, path).map((leaf) => leaf.path)] : [path];
}

/** Ids may be written with or without quotes, so items are compared as text. @returns the path that it touched. @throws RequestError `config_bad_value` */
export function appendItems(tree: Table, path: readonly string[], items: readonly unknown[]): ConfigKeys[] {
  const list = getAt(tree, path) ?? [];
  if (!Array.isArray(list)) throw badValue(formatPath(path), "only a list can be added to");
  const there = new Set(list.map(String));
  const added = items.filter((item) => !there.has(String(item)));
  return added.length === 0 ? [path] : setValue(tree, path, [...list, ...added]);
}

/** Also what is not in the file counts as touched: it may be set elsewhere, and then the owner has to hear that. */
export function unsetValue(tree: Table, path: string[]): ConfigKeys[] {
  unsetAt(tree, path);
  return [path];
}

/** RFC 7396, in place. @returns the paths that it touched. */
export function mergePatch(tree: Table, changes: Table, path: readonly string[] = []): ConfigKeys[] {
  if (!isTable(changes)) throw badValue(formatPath(path), "a merge patch is an object");
  const touched: ConfigKeys[] = [];
  for (const key of Object.getOwnPropertyNames(changes)) {
    const inner = [...path, key];
    if (UNSAFE_KEYS.includes(key)) throw badPath(formatPath(inner), "this name is never a key");
    const value = changes[key];
    if (value === null) {
      unsetAt(tree, [key]);
      touched.push(inner);
    } else if (isTable(value)) {
      if (!isTable(tree[key])) tree[key] = {};
      touched.push(...mergePatch(tree[key] as Table, value, inner));
      if (Object.keys(tree[key] as Table).length === 0 && Object.keys(value).length > 0) delete tree[key];
    } else {
      requirePlain(value, formatPath(inner));
      tree[key] = structuredClone(value);
      touched.push(inner);
    }
  }
  return touched;
}

/** Only what a config file can hold. @throws RequestError `config_bad_value`, `config_bad_path` for names that reach a prototype (sec-20). */
export function requirePlain(value: unknown, path: string): void {
  if (value === null || value === undefined) throw badValue(path, "there is no null in a config: unset the key");
  if (Array.isArray(value)) return value.forEach((item) => requirePlain(item, path));
  if (typeof value === "number" ? Number.isFinite(value) : typeof value === "string" || typeof value === "boolean") return;
  if (!isTable(value)) throw badValue(path, "write text, a number, true, false, a list or a table");
  for (const key of Object.getOwnPropertyNames(value)) {
    if (UNSAFE_KEYS.includes(key)) throw badPath(`${path}.${key}`, "this name is never a key");
    requirePlain(value[key], `${path}.${key}`);
  }
}

function badValue(path: string, hint: string): RequestError {
  return new RequestError("config_bad_value", `not a value for ${path === "" ? "the config" : path}`, { hint });
}
