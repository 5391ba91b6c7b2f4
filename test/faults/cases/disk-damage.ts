/** fault-59: bits of the database flip, its log is cut short. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClankerError } from "../../../src/core/errors.ts";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import type { Scenario } from "../scenario.ts";

const WRITER = fileURLToPath(new URL("../../store/sqlite/writing-child.ts", import.meta.url));
const clock = { now: () => 1_800_000_000_000 };

/** A database that a killed writer left, and what had been acknowledged, in order. */
async function crashedDatabase(folder: string, rows: number): Promise<{ path: string; acknowledged: string[] }> {
  const path = join(folder, "origin", "clanker.db");
  mkdirSync(join(folder, "origin"));
  const child = spawn(process.execPath, [WRITER, path], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split("\n").length > rows) child.kill("SIGKILL");
  }
  return { path, acknowledged: text.split("\n").slice(0, -1) };
}

function copyOf(path: string, folder: string, run: number): string {
  const place = join(folder, `run-${run}`);
  mkdirSync(place);
  for (const end of ["", "-wal"]) if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, join(place, `clanker.db${end}`));
  return join(place, "clanker.db");
}

/** Ids that the store can read, or the error that says why not. */
type Found = { readonly ids: Set<string> } | { readonly at: "start" | "read"; readonly error: ClankerError };

async function readAll(path: string): Promise<Found> {
  let at: "start" | "read" = "start";
  try {
    const store = await createSqliteStore({ path, clock });
    at = "read";
    try {
      return { ids: new Set((await store.listInbox({ limit: 1_000_000 })).map(({ id }) => id)) };
    } finally {
      await store.close();
    }
  } catch (error) {
    assert.ok(error instanceof ClankerError, `an error without a code: ${String(error)}`);
    return { at, error };
  }
}

async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "clanker-damage-"));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const bitFlips: Scenario = {
  name: "bit-flips",
  title: "bits that flip in the file are found at the start or at the first read, a copy is kept, and never is there an empty start (fault-59)",
  run: (size) =>
    inFolder(async (folder) => {
      const { path, acknowledged } = await crashedDatabase(folder, 600);
      const random = createSeededRandom(59);
      const runs = size === "long" ? 500 : 25;
      const seen = { start: 0, read: 0, whole: 0, changed: 0 };
      for (let run = 0; run < runs; run += 1) {
        const target = copyOf(path, folder, run);
        const bytes = readFileSync(target);
        for (let flips = 1 + Math.floor(random.number() * 16); flips > 0; flips -= 1) {
          const at = Math.floor(random.number() * bytes.length);
          bytes[at] = bytes[at]! ^ (1 << Math.floor(random.number() * 8));
        }
        writeFileSync(target, bytes);
        const found = await readAll(target);
        if ("error" in found) {
          assert.equal(found.error.code, "store_corrupt", found.error.message);
          seen[found.at] += 1;
          const copy = readdirSync(join(target, "..")).find((name) => name.startsWith("clanker.db.damaged-") && !name.endsWith("-wal"));
          if (found.at === "start") assert.deepEqual(readFileSync(join(target, "..", copy ?? "no copy was kept")), bytes);
        } else {
          assert.ok(found.ids.size > 0, "an empty start");
          seen[acknowledged.every((id) => found.ids.has(id)) ? "whole" : "changed"] += 1;
        }
        rmSync(join(target, ".."), { recursive: true });
      }
      return {
        "damaged files": runs,
        "found at the start": seen.start,
        "found at the first read": seen.read,
        "no message missing": seen.whole,
        "an id changed unnoticed (rows have no checksums)": seen.changed,
      };
    }),
};

export const truncatedLog: Scenario = {
  name: "truncated-log",
  title: "a write-ahead log that is cut short gives a whole state from before the cut, never half a commit and never an empty start (fault-59)",
  run: (size) =>
    inFolder(async (folder) => {
      const { path, acknowledged } = await crashedDatabase(folder, 600);
      const log = readFileSync(`${path}-wal`);
      const runs = size === "long" ? 300 : 12;
      const random = createSeededRandom(60);
      let shortest = acknowledged.length;
      for (let run = 0; run < runs; run += 1) {
        const target = copyOf(path, folder, run);
        writeFileSync(`${target}-wal`, log.subarray(0, Math.floor(random.number() * log.length)));
        const found = await readAll(target);
        if ("error" in found) throw found.error;
        // Commits are kept in their order: from each lane of the writer the first ones, none left out.
        for (const [lane, ids] of Map.groupBy(acknowledged, (id) => id.split("/")[2])) {
          const kept: boolean[] = ids.map((id) => found.ids.has(id));
          assert.equal(kept.lastIndexOf(true), kept.filter(Boolean).length - 1, `lane ${lane} has a gap`);
        }
        shortest = Math.min(shortest, found.ids.size);
        rmSync(join(target, ".."), { recursive: true });
      }
      assert.ok(shortest > 0, "an empty start");
      return { "cut logs": runs, "rows acknowledged": acknowledged.length, "rows left at the worst cut": shortest, "states with a gap": 0 };
    }),
};
