import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { join } from "node:path";
import { forEverybody } from "./for-everybody.ts";
import { lend, openSandboxHome } from "./sandbox-home.ts";
import { runEscapeSuite, type EscapeOutcome } from "../../../src/security/host/processes/index.ts";

const NOBODY = 65_534;

function assertHeld(outcomes: readonly EscapeOutcome[]): void {
  assert.equal(outcomes.length, 13);
  assert.deepEqual(
    outcomes.filter(({ fault }) => fault !== undefined),
    [],
  );
}

describe("the sandbox escape suite", () => {
  it("sec-64 sec-84 sec-100 sec-101 fault-76 holds for the user who runs the tests", async () => {
    await using home = await openSandboxHome();
    assert.deepEqual((await home.processes.availability("sandbox")).kind, "available");
    // Somebody who listens on the host's loopback, as the gateway does.
    let reached = 0;
    const server = createServer((socket) => {
      reached++;
      socket.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    assertHeld(await runEscapeSuite({ processes: home.processes, folder: home.folder, port, own: lend }));
    assert.equal(reached, 0);
    server.close();
  });

  it("holds for an ordinary user, too", async () => {
    // Whoever is root here becomes nobody; an ordinary user runs the suite once more in a process of its own.
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    await using everybody = await forEverybody();
    const child = spawn(everybody.node, [join(everybody.root, "test/security/host/escape-child.ts")], {
      ...user,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
    await once(child, "close");
    const { uid, outcomes } = JSON.parse(text) as { uid: number; outcomes: EscapeOutcome[] };
    assert.notEqual(uid, 0);
    assertHeld(outcomes);
  });
});
