import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startCompanion } from "../../../src/security/host/processes/index.ts";

async function withScript(source: string, run: (script: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-companion-test-"));
  try {
    const script = join(folder, "script.mjs");
    await writeFile(script, source);
    await run(script);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function all(messages: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

describe("a program of ours beside the gateway", () => {
  test("both sides speak in lines, however they are cut, and what is no object is left out", () =>
    withScript(
      `process.stdin.once("data", (text) => {
         process.stdout.write('{"a":');
         setTimeout(() => process.stdout.write('1}\\nnoise\\n[2]\\n' + JSON.stringify({ heard: JSON.parse(text), long: "x".repeat(300000) }) + "\\n", () => process.exit(3)), 5);
       });`,
      async (script) => {
        const child = startCompanion(script, [], { megabytes: 64 });
        child.send({ hello: "ä" });
        const [first, second] = (await all(child.messages)) as [object, { heard: object; long: string }];
        assert.deepEqual(first, { a: 1 });
        assert.deepEqual(second.heard, { hello: "ä" });
        assert.equal(second.long.length, 300_000);
        assert.equal(await child.ended, "it ended with 3");
        child.send({ too: "late" });
      },
    ));

  test("it has no environment but a folder for temporary files, which goes with it", () =>
    withScript(`process.stdout.write(JSON.stringify({ env: process.env }) + "\\n"); process.stdin.resume();`, async (script) => {
      const child = startCompanion(script, [], { megabytes: 64 });
      const { value } = await child.messages[Symbol.asyncIterator]().next();
      const { env } = value as unknown as { env: Record<string, string> };
      assert.deepEqual(Object.keys(env), ["TMPDIR"]);
      assert.ok(existsSync(env["TMPDIR"]!));
      await child.stop();
      assert.ok(!existsSync(env["TMPDIR"]!));
    }));

  test("fault-76 one that does not end with its input is ended, with what it has started", () =>
    withScript(
      `import { spawn } from "node:child_process";
       process.on("SIGTERM", () => {});
       const { pid } = spawn("sleep", ["1000"], { stdio: "ignore" });
       process.stdout.write(JSON.stringify({ pid }) + "\\n");
       setInterval(() => {}, 1000);`,
      async (script) => {
        const child = startCompanion(script, [], { megabytes: 64 });
        const { value } = await child.messages[Symbol.asyncIterator]().next();
        await child.stop();
        assert.match(await child.ended, /SIGKILL/);
        const { pid } = value as unknown as { pid: number };
        // The group was killed; the kernel may need a moment to let the last of it go.
        for (let tries = 0; tries < 200 && isThere(pid); tries++) await new Promise((resolve) => void setTimeout(resolve, 25));
        assert.ok(!isThere(pid));
      },
    ));

  test("one that cannot be started ends at once and says why", async () => {
    const child = startCompanion("/nowhere/script.mjs", [], { megabytes: 64 });
    assert.deepEqual(await all(child.messages), []);
    assert.equal(await child.ended, "it ended with 1");
  });
});

/** A dead one that nobody has collected yet is not there. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
