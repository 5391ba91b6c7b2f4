import { isSecret, v, type Schema } from "../lib/schema/index.ts";
import { formatPath, getAt, type ConfigPath, type Table } from "./config-path.ts";
import type { ConfigProblem, Source } from "./config-problem.ts";
import { childOf } from "./known-keys.ts";
import { nearestName } from "../lib/nearest-name/index.ts";
import { describe, type Resolved } from "./resolve.ts";

export interface CheckOptions<S extends Schema> {
  readonly schema: S;
  readonly written: Table;
  readonly sourceOf: (path: ConfigPath) => Source;
}

/** The typed config with defaults, or everything that is wrong with it. */
export function checkConfig<S extends Schema>(
  resolved: Resolved,
  options: CheckOptions<S>,
): { config: v.InferOutput<S> } | { problems: readonly ConfigProblem[] } {
  const result = v.safeParse(options.schema, resolved.tree);
  const problems = [...resolved.problems];
  for (const issue of result.issues ?? []) {
    const path = issuePath(issue);
    if (!isRepetition(formatPath(path), resolved)) problems.push(toProblem(issue, path, options));
  }
  if (problems.length > 0 || !result.success) return { problems: problems.toSorted(byPlace) };
  return { config: result.output };
}

/** Whether a complaint is only the consequence of one that is already made. */
function isRepetition(key: string, resolved: Resolved): boolean {
  const below = (inner: string, outer: string) => outer === "" || inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  return (
    resolved.problems.some((problem) => problem.message !== "unknown key" && below(key, problem.key)) || resolved.missing.some((missing) => below(missing, key))
  );
}

function issuePath(issue: v.BaseIssue<unknown>): (string | number)[] {
  return (issue.path ?? []).map((item) => (typeof item.key === "number" ? item.key : String(item.key)));
}

function toProblem(issue: v.BaseIssue<unknown>, path: ConfigPath, { schema, written, sourceOf }: CheckOptions<Schema>): ConfigProblem {
  const { schema: own, secret } = schemaAt(schema, path, written);
  // As written, so that nothing that came out of a variable is shown.
  const value = getAt(written, path);
  const found = secret || value === undefined || typeof value === "object" ? undefined : describe(value);
  const names = picks(own);
  // A value that is one of them is wrong for another reason.
  const nearest = typeof value === "string" && found !== undefined && !names.includes(value) ? nearestName(value, names) : undefined;
  return {
    key: formatPath(path),
    source: sourceOf(path),
    message: expectation(issue, value === undefined),
    ...(found === undefined ? {} : { found }),
    ...(nearest === undefined ? {} : { nearest: JSON.stringify(nearest) }),
  };
}

function picks(schema: Schema | undefined): string[] {
  const options =
    (schema as { options?: unknown[]; wrapped?: { options?: unknown[] } } | undefined)?.options ??
    (schema as { wrapped?: { options?: unknown[] } } | undefined)?.wrapped?.options;
  return (options ?? []).filter((option) => typeof option === "string");
}

function schemaAt(root: Schema, path: ConfigPath, written: Table): { schema: Schema | undefined; secret: boolean } {
  let schema: Schema | undefined = root;
  let value: unknown = written;
  let secret = false;
  for (const step of path) {
    schema = schema === undefined ? undefined : childOf(schema, step, value).schema;
    value = getAt(value, [step]);
    secret ||= schema !== undefined && isSecret(schema);
  }
  return { schema, secret };
}

const EXPECTED: Record<string, string> = { number: "a number", string: "text", boolean: "true or false", array: "a list", Object: "a table", Array: "a list" };

function expectation(issue: v.BaseIssue<unknown>, absent: boolean): string {
  const { requirement } = issue;
  if (absent && issue.kind === "schema") return "is missing";
  if (issue.type === "min_value") return `expected at least ${String(requirement)}`;
  if (issue.type === "max_value") return `expected at most ${String(requirement)}`;
  if (issue.type === "integer" || issue.type === "safe_integer") return "expected a whole number";
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  if (issue.type === "picklist") return `expected one of ${(issue.expected ?? "").replace(/^\(|\)$/g, "").replaceAll(" | ", ", ")}`;
  return `expected ${EXPECTED[issue.type] ?? EXPECTED[issue.expected ?? ""] ?? issue.expected ?? "another value"}`;
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  if (a.source.type === "file" && b.source.type === "file") return a.source.file === b.source.file ? a.source.line - b.source.line : 0;
  return a.source.type === b.source.type ? 0 : a.source.type === "file" ? -1 : 1;
}
