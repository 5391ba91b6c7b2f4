/** The thread of one search: walks, reads, matches, and tells what it finds. It is ended from outside when its time is up. */
import { constants } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { ToolError } from "../../../core/errors.ts";
import type { FileInfo, SearchResult } from "../../../core/workspace.ts";
import { globPattern } from "./glob-pattern.ts";
import { eachFile } from "./list-folder.ts";
import { notFound, openPlain, walkTo, type Folder, type Spot } from "./safe-walk.ts";
import type { SearchJob, SearchNews } from "./search-job.ts";

const MAX_DEPTH = 40;
/** Longer files are data, not text to look through. */
const MAX_FILE = 8_000_000;
/** Characters of a matching line that are shown. */
const MAX_LINE = 400;

type Match = SearchResult["matches"][number];

const job = workerData as SearchJob;
const tell = (news: SearchNews) => parentPort!.postMessage(news);

function matcher({ pattern, kind, ignoreCase }: SearchJob): (line: string) => boolean {
  if (kind === "literal") {
    const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
    return (line) => (ignoreCase ? line.toLowerCase() : line).includes(wanted);
  }
  try {
    const expression = new RegExp(pattern, ignoreCase ? "iu" : "u");
    return (line) => expression.test(line);
  } catch (error) {
    throw new ToolError("bad_pattern", `the pattern is no regular expression: ${(error as Error).message}`);
  }
}

async function search(spot: Spot): Promise<void> {
  if (spot.stats === undefined) throw notFound(job.path);
  const matches = matcher(job);
  const wanted = job.files === undefined ? undefined : globPattern(job.files);
  let left = job.limit;
  let files = 0;
  const look = async (info: FileInfo, folder: Folder, name: string): Promise<boolean> => {
    if (info.kind !== "file" || info.size > MAX_FILE || (wanted !== undefined && !wanted.test(info.path.slice(below(info.path))))) return true;
    const text = await textOf({ folder, name, stats: undefined });
    if (text === undefined) return true;
    files++;
    const found: Match[] = [];
    // What is found in this file is told even if a later line never ends.
    const lines = text.split("\n");
    for (let index = 0; index < lines.length && left > 0; index++) {
      if (!matches(lines[index]!)) continue;
      found.push({ path: info.path, line: index + 1, text: lines[index]!.slice(0, MAX_LINE) });
      left--;
    }
    if (found.length > 0) tell({ kind: "found", matches: found, files });
    return left > 0;
  };
  if (spot.stats.isDirectory()) await eachFile(spot, { path: job.path, depth: MAX_DEPTH }, look);
  else await look({ path: job.parts.join("/"), kind: "file", size: spot.stats.size, changedAt: 0 }, spot.folder, spot.name);
  tell({ kind: "done", files, ...(left === 0 && { cut: "limit" as const }) });
}

/** `files` patterns are about what is below the searched folder. */
function below(path: string): number {
  const base = job.parts.join("/");
  return base === "" || !path.startsWith(`${base}/`) ? 0 : base.length + 1;
}

/** @returns undefined for what is no text, or may not be opened. */
async function textOf(spot: Spot): Promise<string | undefined> {
  let handle;
  try {
    handle = await openPlain(spot, constants.O_RDONLY, job.path);
    const bytes = await handle.readFile();
    return bytes.subarray(0, 8_192).includes(0) ? undefined : bytes.toString("utf8");
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

try {
  await walkTo(job.root, job.parts, { path: job.path }, search);
} catch (error) {
  const code = error instanceof ToolError ? error.code : "search_failed";
  tell({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
}
