import { ToolError } from "../../core/errors.ts";

interface Hunk {
  /** Line of the old file, from 1, as the header says; models count badly, so it is only where the search begins. */
  readonly line: number;
  readonly old: readonly string[];
  readonly new: readonly string[];
}

/**
 * Applies a unified diff (POSIX diff -u) of one file. Lines of context and removed lines must be there exactly; where they are is searched for nearest to the line that
 * the header names. All hunks or none. @throws ToolError `bad_patch`, `no_match`
 */
export function applyPatch(text: string, patch: string): string {
  const hunks = readHunks(patch);
  const breaks = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(breaks);
  let from = 0;
  let shift = 0;
  for (const hunk of hunks) {
    const at = findLines(lines, hunk.old, { from, near: hunk.line - 1 + shift });
    if (at === undefined) {
      throw new ToolError("no_match", `the hunk at line ${hunk.line} does not fit: its lines are not in the file like that`, { hint: "read the file again" });
    }
    lines.splice(at, hunk.old.length, ...hunk.new);
    from = at + hunk.new.length;
    shift += hunk.new.length - hunk.old.length;
  }
  return lines.join(breaks);
}

function readHunks(patch: string): Hunk[] {
  const hunks: { line: number; old: string[]; new: string[] }[] = [];
  let files = 0;
  for (const [index, line] of patch.replaceAll("\r\n", "\n").split("\n").entries()) {
    const header = /^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@/u.exec(line);
    const hunk = hunks.at(-1);
    if (header !== null) hunks.push({ line: Number(header[1]), old: [], new: [] });
    else if (hunk === undefined) {
      if (line.startsWith("--- ")) files++;
    } else if (line.startsWith("\\")) continue;
    else if (line.startsWith("diff ") || (line.startsWith("--- ") && patch.split("\n")[index + 1]?.startsWith("+++ ") === true)) files = 2;
    else if (line.startsWith("-")) hunk.old.push(line.slice(1));
    else if (line.startsWith("+")) hunk.new.push(line.slice(1));
    else if (line.startsWith(" ")) for (const side of [hunk.old, hunk.new]) side.push(line.slice(1));
    // The last line break of the patch; elsewhere an empty line of context whose space was lost.
    else if (line === "" && index < patch.split("\n").length - 1) for (const side of [hunk.old, hunk.new]) side.push("");
    else if (line !== "") throw new ToolError("bad_patch", `line ${index + 1} of the patch begins with neither a space, + nor -`);
  }
  if (files > 1) throw new ToolError("bad_patch", "the patch is about more than one file", { hint: "make one call for each file" });
  if (hunks.length === 0) throw new ToolError("bad_patch", "the patch has no hunk", { hint: "a hunk begins with a line such as @@ -10,3 +10,4 @@" });
  return hunks;
}

/** The place of `wanted` at or behind `from`, the nearest to `near`. */
function findLines(lines: readonly string[], wanted: readonly string[], { from, near }: { readonly from: number; readonly near: number }): number | undefined {
  const last = lines.length - wanted.length;
  const fits = (at: number) => at >= from && at <= last && wanted.every((line, index) => lines[at + index] === line);
  // Nothing to find: a hunk that only adds goes behind the line that its header names (`@@ -0,0 +1 @@` before the first).
  if (wanted.length === 0) return Math.min(Math.max(near + 1, from, 0), lines.length);
  const start = Math.max(0, Math.min(near, last));
  for (let distance = 0; distance <= lines.length; distance++) {
    if (fits(start - distance)) return start - distance;
    if (fits(start + distance)) return start + distance;
  }
  return undefined;
}
