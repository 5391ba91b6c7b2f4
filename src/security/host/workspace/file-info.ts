import type { Stats } from "node:fs";
import type { FileInfo } from "../../../core/workspace.ts";

export function infoOf(path: string, stats: Stats): FileInfo {
  const kind = stats.isFile() ? "file" : stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "other";
  return { path, kind, size: stats.size, changedAt: Math.round(stats.mtimeMs) };
}
