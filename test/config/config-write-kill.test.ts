import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { scratchHome } from "./scratch-home.ts";

const CHILD = join(import.meta.dirname, "config-writer-child.ts");

test("fault-9: a process that is killed while it writes leaves the old config or the new one, never anything else", { timeout: 120_000 }, async () => {
  using home = scratchHome({
    "config.toml": `# kept\n[gateway]\nport = 1\nmax_connections = 2\n${"# a long comment that takes more than one block of the disk\n".repeat(200)}`,
  });
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, [CHILD, home.folder], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    // Any moment will do: the kill may fall before, into or after a write.
    await wait((round * 7) % 41);
    child.kill("SIGKILL");
    await once(child, "close");
    const { config } = await home.load();
    assert.equal(config.gateway.max_connections, config.gateway.port + 1);
    assert.equal(home.read("config.toml").match(/# a long comment/g)?.length, 200);
  }
});
