/** Writes docs/config.md from the schema of the config; with --check it only compares and exits 1 when they differ. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configDocs } from "../src/config/docs-config.ts";

const file = join(import.meta.dirname, "../docs/config.md");
const wanted = configDocs();

if (!process.argv.includes("--check")) writeFileSync(file, wanted);
else if (readIfThere() !== wanted) {
  console.error("docs/config.md is not what the schema says");
  process.exitCode = 1;
}

function readIfThere(): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
