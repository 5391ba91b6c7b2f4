import * as v from "valibot";
import { nearestName } from "../nearest-name/index.ts";

const EXPECTED: Readonly<Record<string, string>> = {
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  Array: "a list",
  Object: "an object",
  object: "an object",
};

/** Longer values say no more. */
const MOST_SHOWN = 60;

/**
 * What is wrong with one value of a request, in words for whoever sent it: `limit: expected at most 500, found 9999`, `sesion: there is no such name; did you
 * mean session?`. Text that was sent is shown only where a few words were to choose from: it may be a secret.
 * @param names those that the object at the top may have.
 */
export function describeIssue(issue: v.BaseIssue<unknown>, names: readonly string[] = []): string {
  const path = v.getDotPath(issue);
  return path === null ? problemOf(issue, names) : `${path}: ${problemOf(issue, (issue.path?.length ?? 0) === 1 ? names : [])}`;
}

function problemOf(issue: v.BaseIssue<unknown>, names: readonly string[]): string {
  const { type, requirement, input, expected } = issue;
  // Words of our own stand in the schema.
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  if (isObjectCheck(issue)) {
    if (expected !== "never") return "is missing";
    const nearest = nearestName(String(issue.path?.at(-1)?.key), names);
    return `there is no such name${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
  }
  if (type === "picklist") return `expected one of ${(expected ?? "").replace(/^\(|\)$/g, "").replaceAll(" | ", ", ")}, found ${shown(input)}`;
  if (type === "min_value") return `expected at least ${String(requirement)}, found ${shown(input)}`;
  if (type === "max_value") return `expected at most ${String(requirement)}, found ${shown(input)}`;
  if (type === "integer" || type === "safe_integer") return `expected a whole number, found ${shown(input)}`;
  if (type === "non_empty" || (type === "min_length" && requirement === 1)) return "must not be empty";
  const unit = Array.isArray(input) ? "items" : "characters";
  if (type === "min_length") return `expected at least ${String(requirement)} ${unit}`;
  if (type === "max_length") return `expected at most ${String(requirement)} ${unit}`;
  return `expected ${EXPECTED[type] ?? EXPECTED[expected ?? ""] ?? expected ?? "another value"}, found ${kindOf(input)}`;
}

/** A key that is missing or unknown. */
function isObjectCheck({ type, expected, path }: v.BaseIssue<unknown>): boolean {
  return (type === "object" || type === "strict_object") && path !== undefined && (expected === "never" || (expected ?? "").startsWith('"'));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text === undefined || text.length > MOST_SHOWN ? kindOf(value) : text;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return EXPECTED[typeof value] ?? typeof value;
}
