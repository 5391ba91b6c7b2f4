import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openLog } from "../../src/app/open-log.ts";
import { scratchHome } from "../config/scratch-home.ts";

test("fault-58: a log whose stderr throws still writes its file, every line once, as JSON also when people read along at a terminal", async () => {
  using home = scratchHome();
  const file = join(home.folder, "log.jsonl");
  home.write("config.toml", `[logging]\nfile = ${JSON.stringify(file)}\n`);
  const shown: string[] = [];
  let broken = true;
  const { log } = openLog(await home.load(), [], {
    color: false,
    stderr: {
      isTTY: true,
      write(text) {
        if (broken) throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
        shown.push(text);
      },
    },
  });
  log.info("one");
  log.info("two");
  broken = false;
  log.info("three");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ["one", "two", "three"],
  );
  assert.equal(shown.length, 1);
  assert.match(shown[0]!, /^[^{]*three/);
});
