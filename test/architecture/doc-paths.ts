import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDERS = /^(src|test|docs|scripts|ui|bench|deploy|examples|\.ci)\//;
const SOURCE_FILE = /^[\w.@-]+(\/[\w.@-]+)*\.(ts|tsx|sh|md)$/;
/** `src/channels/NAME/index.ts`, `test/<room>`: patterns for people, not paths. */
const PLACEHOLDER = /(^|\/)[A-Z][A-Z0-9_]*(\/|$)|[<>{}…|]|\.\.\.|:\/\//;

/** Paths that a document names in backticks or links and that are not there. */
export function docPathFaults(root: string, doc: string): string[] {
  const faults: string[] = [];
  let fenced = false;
  for (const [index, line] of readFileSync(join(root, doc), "utf8").split("\n").entries()) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (fenced) continue;
    const named = [...line.matchAll(/`([^`\s]+)`/g)]
      .map((match) => match[1] ?? "")
      .filter((path) => FOLDERS.test(path) || (SOURCE_FILE.test(path) && path.includes("/")));
    const linked = [...line.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((match) => match[1] ?? "").filter((path) => !/^[a-z]+:/.test(path));
    for (const path of [...named, ...linked]) {
      if (!PLACEHOLDER.test(path) && !exists(root, doc, path.replace(/:\d+$/, "")))
        faults.push(`${doc}:${index + 1} names ${path}, which does not exist: correct the path or the text`);
    }
  }
  return faults;
}

/** From the root, from src (as the rooms are called), or from the document. */
function exists(root: string, doc: string, path: string): boolean {
  return [root, join(root, "src"), dirname(join(root, doc))].some((base) =>
    path.includes("*") ? globSync(path, { cwd: base }).length > 0 : existsSync(join(base, path)),
  );
}
