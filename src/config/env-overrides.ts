import type { Schema } from "../lib/schema/index.ts";
import { coerce } from "./coerce.ts";
import { formatPath, getAt, isTable, setAt, UNSAFE_KEYS, type Table } from "./config-path.ts";
import type { ConfigProblem, Source } from "./config-problem.ts";
import type { Env } from "./env.ts";
import { childOf } from "./known-keys.ts";
import { nearestName } from "../lib/nearest-name/index.ts";

const PREFIX = "CLANKER__";

/**
 * Puts `CLANKER__GATEWAY__PORT=1` and its like into the tree in place. Names are matched without case; a text is read as the type of its key and is not
 * interpolated. An empty variable counts.
 * @returns what could not be used; the origins are updated.
 */
export function applyEnvOverrides(tree: Table, origins: Map<string, Source>, { schema, env }: { schema: Schema; env: Env }): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(env)
    .filter((key) => key.startsWith(PREFIX))
    .toSorted()) {
    const text = env[name];
    if (text === undefined) continue;
    const source: Source = { type: "env", name };
    const found = findKey(tree, schema, name);
    if ("problem" in found) {
      problems.push({ ...found.problem, source });
      continue;
    }
    const key = formatPath(found.path);
    const value = coerce(found.schema, text);
    if (hasUnsafeKey(value)) problems.push({ key, source, message: "holds a name that is never a key" });
    else if (setAt(tree, found.path, value)) {
      for (const path of origins.keys()) if (path.startsWith(`${key}.`) || path.startsWith(`${key}[`)) origins.delete(path);
      origins.set(key, source);
    } else problems.push({ key, source, message: "the table that holds this key is not a table" });
  }
  return problems;
}

type Found = { path: string[]; schema: Schema } | { problem: Omit<ConfigProblem, "source"> };

function findKey(tree: Table, root: Schema, name: string): Found {
  const path: string[] = [];
  let schema = root;
  for (const part of name.slice(PREFIX.length).toLowerCase().split("__")) {
    const there = getAt(tree, path);
    // A name the owner chose may have capitals in the file.
    const key = isTable(there) ? (Object.keys(there).find((own) => own.toLowerCase() === part) ?? part) : part;
    const { schema: below, names } = childOf(schema, key, there);
    path.push(key);
    if (below === undefined || part === "" || UNSAFE_KEYS.includes(key)) {
      const nearest = nearestName(part, names);
      return {
        problem: { key: formatPath(path), message: "unknown key", ...(nearest === undefined ? {} : { nearest: formatPath([...path.slice(0, -1), nearest]) }) },
      };
    }
    schema = below;
  }
  return { path, schema };
}

function hasUnsafeKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnsafeKey);
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getOwnPropertyNames(value).some((key) => UNSAFE_KEYS.includes(key) || hasUnsafeKey((value as Table)[key]))
  );
}
