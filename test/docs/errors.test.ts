import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { collectErrors, errorsPage } from "../../scripts/docs-errors.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

test("the table of error codes in the docs is what the sources throw", () => {
  const uses = collectErrors(root);
  assert.ok(uses.some((use) => use.code === "bad_address" && use.who === "RequestError" && use.hint !== undefined));
  assert.equal(readFileSync(join(root, "docs/errors.md"), "utf8"), errorsPage(uses), "run: node scripts/docs-errors.ts");
});

test("every error code is named by a test", () => {
  const tests = globSync("test/**/*.ts", { cwd: root })
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
  const codes = [...new Set(collectErrors(root).map((use) => use.code))].filter((code) => !code.includes("…"));
  assert.deepEqual(
    codes.filter((code) => !new RegExp(`\\b${code}\\b`, "u").test(tests)),
    [],
  );
});
