import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { purgeEverywhere } from "../../src/app/purge.ts";
import { StoreError } from "../../src/core/errors.ts";
import { createLogRing } from "../../src/observe/index.ts";

test("channel accounts forget a person before the store does, so that a purge that failed can be asked for again", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "clanker-purge-"));
  try {
    const done: string[] = [];
    let full = true;
    const channels = [
      {},
      {
        async forget(senders: readonly string[]) {
          if (full) throw new StoreError("keep_failed", "no space left");
          done.push(`channel ${senders.join()}`);
        },
      },
    ];
    const purge = async (person: string) => {
      done.push(`store ${person}`);
      return { removedSessions: [], changedSessions: [], identities: 0, memories: 0, jobs: 0, files: 0 };
    };
    const deps = { dataFolder, purge, ring: createLogRing(10), file: undefined, channels };
    await assert.rejects(purgeEverywhere("p1", ["@ann:test"], deps), { code: "keep_failed" });
    assert.deepEqual(done, []);
    full = false;
    await purgeEverywhere("p1", ["@ann:test"], deps);
    assert.deepEqual(done, ["channel @ann:test", "store p1"]);
  } finally {
    await rm(dataFolder, { recursive: true });
  }
});
