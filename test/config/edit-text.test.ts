import assert from "node:assert/strict";
import { test } from "node:test";
import { editText } from "../../src/config/edit-text.ts";

test("config_edit_failed: a text that would not say exactly what is wanted is never written", async () => {
  await assert.rejects(editText("a = 1\n", { a: 1, b: undefined, c: [{ d: null }] } as never, "config.toml"), { code: "config_edit_failed" });
});
