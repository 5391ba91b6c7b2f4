/**
 * Writes the figures of bench/baseline.json into docs/performance.md.
 *   node scripts/docs-performance.ts           writes
 *   node scripts/docs-performance.ts --check   fails when the page does not show the baseline
 * New figures: `npm run bench -- --keep`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillPage, type Results } from "../bench/report.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const file = join(root, "docs/performance.md");

function filled(): { now: string; wanted: string } {
  const now = readFileSync(file, "utf8");
  return { now, wanted: fillPage(now, JSON.parse(readFileSync(join(root, "bench/baseline.json"), "utf8")) as Results) };
}

/** The page shows what the baseline says. */
export function writePerformancePage(): void {
  writeFileSync(file, filled().wanted);
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "docs-performance.ts") {
  const { now, wanted } = filled();
  if (!process.argv.includes("--check")) writePerformancePage();
  else if (now !== wanted) {
    console.error("docs/performance.md does not show bench/baseline.json");
    process.exitCode = 1;
  }
}
