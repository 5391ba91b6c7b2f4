/** fault-10: the power goes at any moment, and the disk had not kept what nobody asked it to sync. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { PowerLossModel } from "../power-loss-model.ts";
import type { Scenario } from "../scenario.ts";
import { traceWrites, type DiskEvent } from "../syscall-trace.ts";

const WRITER = fileURLToPath(new URL("../../store/sqlite/writing-child.ts", import.meta.url));

export const powerLoss: Scenario = {
  name: "power-loss",
  title: "after a power loss at any moment every acknowledged row is there and the file is whole, whatever sectors the disk had not kept (fault-10)",
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), "clanker-power-"));
    try {
      const [cuts, lines] = size === "long" ? [500, 3_000] : [60, 800];
      const events = await traceWrites(WRITER, [join(folder, "clanker.db")], { prefix: "clanker.db", lines });
      const syncs = events.filter(({ kind }) => kind === "sync").length;
      const found = loseAcknowledged(events, { cuts, folder, seed: 1, model: new PowerLossModel() });
      assert.deepEqual(found, { lost: 0, broken: 0 });
      // The same with a disk that lies about syncing the log: if nothing were lost then, this test would see nothing.
      const lying = loseAcknowledged(events, { cuts: 30, folder, seed: 2, model: new PowerLossModel((file) => file.endsWith("-wal")) });
      assert.ok(lying.lost + lying.broken > 0, "the model notices a missing sync");
      return {
        "power losses": cuts,
        "rows acknowledged": events.filter(({ kind }) => kind === "said").length,
        "syncs of the disk": syncs,
        "acknowledged rows lost": found.lost,
        "files not whole": found.broken,
        "lost by a disk that lies about syncs": lying.lost,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function loseAcknowledged(
  events: readonly DiskEvent[],
  { cuts, folder, seed, model }: { cuts: number; folder: string; seed: number; model: PowerLossModel },
): { lost: number; broken: number } {
  const random = createSeededRandom(seed);
  const moments = Array.from({ length: cuts }, () => Math.floor(random.number() * events.length)).toSorted((a, b) => a - b);
  const acknowledged: string[] = [];
  let lost = 0;
  let broken = 0;
  for (const [index, event] of events.entries()) {
    while (moments[0] === index) {
      moments.shift();
      const place = join(folder, `cut-${index}-${moments.length}`);
      model.cut(place, () => random.number());
      const after = readBack(join(place, "clanker.db"));
      if (after === undefined) broken += 1;
      else lost += acknowledged.filter((id) => !after.has(id)).length;
      rmSync(place, { recursive: true, force: true });
    }
    if (event.kind === "said") acknowledged.push(event.line);
    else model.apply(event);
  }
  return { lost, broken };
}

/** @returns ids of the messages; undefined when the file is not whole */
function readBack(path: string): Set<string> | undefined {
  const database = new DatabaseSync(path);
  try {
    const { integrity_check: integrity } = database.prepare("PRAGMA integrity_check(1)").get() as { integrity_check: string };
    if (integrity !== "ok") return undefined;
    const born = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'inbox'").get() !== undefined;
    return new Set(
      born
        ? database
            .prepare("SELECT id FROM inbox")
            .all()
            .map((row) => row["id"] as string)
        : [],
    );
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}
