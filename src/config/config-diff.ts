import { Secret } from "../core/secret.ts";
import { formatPath, leaves } from "./config-path.ts";

/** Every value of a checked config as one text, to compare: kept in memory only, because it holds secrets. */
export type Values = ReadonlyMap<string, string>;

export function valuesOf(config: unknown): Values {
  return new Map(leaves(config).flatMap(({ path, value }) => (value === undefined ? [] : [[formatPath(path), textOf(value)] as const])));
}

function textOf(value: unknown): string {
  return value instanceof Secret ? `secret ${value.reveal()}` : `value ${JSON.stringify(value)}`;
}

/** Paths whose value is another one, sorted. A table that was empty is not named beside what is now in it. */
export function changedPaths(before: Values, after: Values): string[] {
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
  return changed.filter((path) => !changed.some((other) => other.startsWith(`${path}.`))).toSorted();
}
