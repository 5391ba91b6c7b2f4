import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runEditor } from "../../../src/security/host/terminal/index.ts";

test("editor_failed: an editor that is not there or ends with a failure is told, and one that works is waited for", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clanker-editor-"));
  const file = join(folder, "config.toml");
  await writeFile(file, "old");
  await assert.rejects(runEditor("no-such-editor-here", file), { code: "editor_failed", hint: /EDITOR/ });
  await assert.rejects(runEditor("false", file), { code: "editor_failed" });
  await runEditor("cp /dev/null", file);
  assert.equal(await readFile(file, "utf8"), "");
  await rm(folder, { recursive: true });
});
