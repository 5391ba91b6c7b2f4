import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { collectErrors, collectStates, errorsPage } from "../../scripts/docs-errors.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

test("the table of error codes in the docs is what the sources throw", () => {
  const uses = collectErrors(root);
  const states = collectStates(root);
  assert.ok(states.some(({ code, words }) => code === "line_webhook_off" && words !== undefined));
  assert.ok(uses.some((use) => use.code === "bad_address" && use.who === "RequestError" && use.hint !== undefined));
  assert.equal(readFileSync(join(root, "docs/errors.md"), "utf8"), errorsPage(uses, states), "run: node scripts/docs-errors.ts");
});

test("what the guides tell of a channel's trouble is a code that the sources know", () => {
  const known = new Set([...collectErrors(root), ...collectStates(root)].map(({ code }) => code));
  const guides = globSync("docs/channels/*.md", { cwd: root }).flatMap((path) => {
    const rows = readFileSync(join(root, path), "utf8").match(/^\| `[a-z_]+`.*?\|/gm) ?? [];
    return rows.flatMap((row) => row.match(/(?<=`)[a-z]+_[a-z_]+(?=`)/g) ?? []);
  });
  const channels = new Set(globSync("docs/channels/*.md", { cwd: root }).map((path) => basename(path, ".md")));
  const codes = guides.filter((code) => channels.has(code.split("_", 1)[0]!));
  assert.ok(codes.length > 50);
  assert.deepEqual(codes.filter((code) => !known.has(code)), []);
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
