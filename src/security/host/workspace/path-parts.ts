import { ToolError } from "../../../core/errors.ts";

/** What a sandboxed program calls the workspace; names that begin with it mean the folder itself. */
export const INSIDE = "/workspace";

const MAX_PATH = 4_096;
const MAX_NAME = 255;

/** What makes a name mean another thing to somebody, and why it is refused (sec-66). The first that fits is told. */
const REFUSED: readonly (readonly [what: RegExp, why: string])[] = [
  // eslint-disable-next-line no-control-regex
  [/[\u0000-\u001f\u007f]/u, "has a control character"],
  [/\\/u, "has a backslash"],
  [/^[a-z][a-z0-9+.-]*:\/\//iu, "is a URL, not a path"],
  [/:/u, "has a colon"],
  [/%(?:2e|2f|5c|00|25)/iu, "is percent-encoded"],
  [/^~/u, "begins with ~; the workspace is the only folder"],
  [/^@[/~.]/u, "begins with @"],
  [/~\d+(?:\.|\/|$)/u, "has a short name of another system"],
  [/[. ](?:\/|$)/u, "has a name that ends in a dot or a space"],
];

/**
 * The names of a path that a model gave, below the workspace; `[]` is the workspace itself. Only looks at the text.
 * @param root the folder's real path: absolute paths below it and below /workspace are understood.
 * @throws ToolError `path_refused`
 */
export function pathParts(path: string, root: string): string[] {
  if (path.length > MAX_PATH) throw refused(path, "is too long");
  const relative = belowRoot(path, root);
  // `.` and `..` are steps, not names that end in a dot.
  const plain = relative.replaceAll(/(?<=^|\/)\.{1,2}(?=\/|$)/gu, "");
  for (const [what, why] of REFUSED) if (what.test(plain)) throw refused(path, why);
  const parts: string[] = [];
  for (const part of relative.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) throw refused(path, "leads out of the workspace");
      continue;
    }
    if (new TextEncoder().encode(part).length > MAX_NAME) throw refused(path, "has a name that is too long");
    parts.push(part);
  }
  return parts;
}

function belowRoot(path: string, root: string): string {
  if (!path.startsWith("/")) return path;
  for (const base of [INSIDE, root]) if (path === base || path.startsWith(`${base}/`)) return path.slice(base.length + 1);
  throw refused(path, "is absolute and not below the workspace");
}

export function refused(path: string, why: string): ToolError {
  return new ToolError("path_refused", `the path ${JSON.stringify(path.slice(0, 200))} ${why}`, {
    hint: "name a path below the workspace, such as notes/today.md",
  });
}
