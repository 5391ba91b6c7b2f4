import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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

test("older states that a restore, a reset or damage have put aside are named: they may still hold the person", async () => {
  const home = await mkdtemp(join(tmpdir(), "clanker-purge-"));
  try {
    const dataFolder = join(home, "data");
    await mkdir(dataFolder);
    const aside = [join(dataFolder, "clanker.db.damaged-2026-11-22T042911.643Z"), join(dataFolder, "clanker.db.replaced-2026-11-22T042831579Z")];
    for (const file of [...aside, join(dataFolder, "clanker.db"), join(home, "config.toml")]) await writeFile(file, "");
    const reset = join(home, "data.replaced-2026-11-22T042913210Z");
    await mkdir(reset);
    const purge = async () => ({ removedSessions: [], changedSessions: [], identities: 0, memories: 0, jobs: 0, files: 0 });
    const purged = await purgeEverywhere("p1", [], { dataFolder, purge, ring: createLogRing(10), file: undefined, channels: [] });
    assert.deepEqual(purged.aside, [reset, ...aside].toSorted());
  } finally {
    await rm(home, { recursive: true });
  }
});
