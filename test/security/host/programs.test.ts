import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { OwnersProgram } from "../../../src/core/programs.ts";
import { createPrograms } from "../../../src/security/host/processes/index.ts";

const programs = createPrograms({ ...process.env, CLANKER_SECRET_KEY: "canary-env" });
const folder = await mkdtemp(join(tmpdir(), "clanker-programs-"));
after(() => rm(folder, { recursive: true, force: true }));

const node = (script: string, folders: readonly string[] = []): OwnersProgram => programs.start({ command: [process.execPath, "-e", script], folders });
const echo = `process.stdin.on("data", (data) => process.stdout.write(data))`;

async function first(program: OwnersProgram): Promise<Readonly<Record<string, unknown>> | undefined> {
  for await (const message of program.messages) return message;
  return undefined;
}

describe("programs of the owner's", () => {
  test("objects go both ways, one a line, and what is none is left out", async () => {
    const program = node(`process.stdout.write('hello\\n[1]\\n{"a":'); setTimeout(() => process.stdout.write('"ü"}\\n'), 5); ${echo}`);
    const seen: object[] = [];
    for await (const message of program.messages) {
      seen.push(message);
      if (seen.length === 1) assert.equal(program.send({ text: "line\nbreak" }), true);
      else void program.stop();
    }
    assert.deepEqual(seen, [{ a: "ü" }, { text: "line\nbreak" }]);
    assert.equal(await program.ended, "it ended with 0");
    assert.equal(program.send({}), false);
  });

  test("it gets no secret of ours, and one that cannot be started says so", async () => {
    const program = node(`console.log(JSON.stringify({ names: Object.keys(process.env) }))`);
    const { names } = (await first(program)) as { names: string[] };
    assert.ok(names.includes("PATH") && !names.includes("CLANKER_SECRET_KEY"), String(names));
    await program.stop();
    const none = programs.start({ command: ["no-such-program-here"], folders: [] });
    assert.equal(await first(none), undefined);
    assert.match(await none.ended, /ENOENT/);
    await none.stop();
  });

  test("fault-77 one that does not end by itself is ended, with what it has started", async () => {
    const program = node(
      `const { pid } = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" }); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log(JSON.stringify({ pid }))`,
    );
    const { pid } = (await first(program)) as { pid: number };
    await program.stop();
    assert.match(await program.ended, /SIGKILL/);
    // Its end is told before the kernel has cleared it away.
    for (let round = 0; round < 200 && existsSync(`/proc/${pid}/exe`); round++) await new Promise((resolve) => void setTimeout(resolve, 10));
    assert.equal(existsSync(`/proc/${pid}/exe`), false);
  });

  test("sec-66 sec-67 only files in its folders are read, whatever a path or a link says", async () => {
    const inside = join(folder, "inside");
    await mkdir(inside);
    await writeFile(join(inside, "a.txt"), "hello");
    await writeFile(join(folder, "secret.txt"), "secret");
    await symlink(join(folder, "secret.txt"), join(inside, "link.txt"));
    const program = node(echo, [inside]);
    try {
      assert.equal(Buffer.from(await program.read(join(inside, "a.txt"), 100)).toString(), "hello");
      for (const path of [join(folder, "secret.txt"), join(inside, "link.txt"), `${inside}/../secret.txt`, inside])
        await assert.rejects(program.read(path, 100), { code: "file_refused" }, path);
      await assert.rejects(program.read(join(inside, "none.txt"), 100), { code: "file_gone" });
      await assert.rejects(program.read(join(inside, "a.txt"), 4), { code: "file_too_big" });
    } finally {
      await program.stop();
    }
  });

  test("a lent file is there for its user alone, until it is given back", async () => {
    const program = node(echo);
    try {
      const { path, giveBack } = await program.lend("a/../b.txt", Buffer.from("hello"));
      assert.equal(await readFile(path, "utf8"), "hello");
      assert.deepEqual([path.split("/").at(-1), (await stat(path)).mode & 0o077], ["a_.._b.txt", 0]);
      await giveBack();
      assert.equal(existsSync(path), false);
      await giveBack();
    } finally {
      await program.stop();
    }
  });
});
