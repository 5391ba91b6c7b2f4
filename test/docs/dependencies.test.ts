import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

test("every dependency has its line with the reason, and no line is left of one that is gone", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string>>;
  const page = readFileSync(join(root, "docs/dependencies.md"), "utf8");
  const named = [...page.matchAll(/^\| ([@a-z][^|]*?) \|/gm)].flatMap((match) => (match[1] ?? "").split(", ")).filter((name) => name !== "package");
  assert.deepEqual(named.toSorted(), Object.keys({ ...dependencies, ...devDependencies }).toSorted(), "docs/dependencies.md");
});
