import { StoreError } from "../../core/errors.ts";

/** First good patch of each line; a later line is good from its first release on. */
const FIXED: readonly (readonly [minor: number, patch: number])[] = [
  [44, 6],
  [50, 7],
  [51, 3],
];

/**
 * Older engines may lose pages when a write-ahead log is reset while another connection reads (https://www.sqlite.org/changes.html, fixed in 3.51.3 and
 * backported to 3.50.7 and 3.44.6).
 * @param version as `sqlite_version()` says.
 * @throws StoreError `sqlite_too_old`
 */
export function checkSqliteVersion(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const line = FIXED.find(([fixedMinor]) => fixedMinor === minor);
  const good = major > 3 || (major === 3 && (minor > 51 || (line !== undefined && patch >= line[1])));
  if (good) return;
  throw new StoreError("sqlite_too_old", `SQLite ${version} can corrupt its database when the write-ahead log is reset`, {
    hint: "Upgrade Node.js to 24.15 or later (SQLite 3.51.3+, 3.50.7+ or 3.44.6+), then start again.",
  });
}
