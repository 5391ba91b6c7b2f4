import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { logOfPerson } from "../../src/app/person-in-log.ts";
import { createLogFile, createLogRing } from "../../src/observe/index.ts";

const LINES: readonly Record<string, string>[] = [
  { sender: "77", text: "one" },
  { person: "p-ann" },
  { sender: "778" },
  { note: "bus 77 is late" },
  { sender: "77", text: "two" },
];
const HERS = [LINES[0], LINES[1], LINES[4]];

test("the lines of the log that name a person are found oldest first, page by page, in files that were put aside too; a short number within others is no name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clanker-log-"));
  try {
    const file = createLogFile({ path: join(folder, "clanker.log"), maxBytes: 60 });
    for (const line of LINES) file.write(`${JSON.stringify(line)}\n`);
    const page = (skip: number, limit: number) =>
      logOfPerson("p-ann", ["77"], { file, ring: createLogRing(1) }, { skip, limit }).map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(page(0, 10), HERS);
    assert.deepEqual([...page(0, 2), ...page(2, 2)], HERS);
    file.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("without a log file they are those of the log in memory", () => {
  const ring = createLogRing(10);
  for (const line of LINES) ring.push({ at: 1, level: "info", message: "said", fields: line });
  assert.equal(logOfPerson("p-ann", ["77"], { file: undefined, ring }, { skip: 0, limit: 10 }).length, 3);
});
