/** fault-64: a backup is taken while people write, the machine is lost, and a home of a gigabyte is put back from it. */
import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { World } from "../../contract/store/world.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { createGatewayHome, gatewayConfig, type RunningGateway } from "../gateway-process.ts";
import type { Scenario } from "../scenario.ts";

/** Longest time for each gigabyte. */
const RESTORE_MS = 60_000;
const CONVERSATIONS = 50;

export const restoreDrill: Scenario = {
  name: "restore-drill",
  title:
    "a backup taken while messages keep coming has every message that was acknowledged before it, and a lost home of a gigabyte is put back from it within a minute (fault-64)",
  async run(size) {
    const home = createGatewayHome({ config: gatewayConfig({}) });
    const database = join(home.dataFolder, "clanker.db");
    const cli = async (...args: string[]): Promise<{ ms: number; out: string }> => {
      const from = performance.now();
      const child = home.spawn(args);
      const { code } = await child.exited;
      assert.equal(code, 0, child.stderr());
      return { ms: performance.now() - from, out: child.stdout() };
    };
    try {
      await fill(database, size === "long" ? 1_000_000_000 : 10_000_000);
      const gateway = await home.start();
      const load = keepSaying(gateway);
      await load.said(20);
      const before = [...load.accepted];
      const backup = await cli("backup", "--json");
      const during = load.accepted.length - before.length;
      await load.stop();
      gateway.kill("SIGKILL");
      await gateway.exited;
      const bytes = statSync(database).size;
      const { folder } = (JSON.parse(backup.out) as { backup: { folder: string } }).backup;
      await cli("backup", "--verify", folder);
      // The disk is lost, the backup is not.
      for (const end of ["", "-wal", "-shm"]) rmSync(`${database}${end}`, { force: true });
      const restore = await cli("restore", folder, "--yes");
      const after = new DatabaseSync(database, { readOnly: true });
      assert.deepEqual(
        after
          .prepare("PRAGMA integrity_check")
          .all()
          .map((row) => Object.values(row)[0]),
        ["ok"],
      );
      const found = after.prepare("SELECT COUNT(*) AS times FROM inbox WHERE id = ?");
      for (const id of before) assert.equal((found.get(id) as { times: number }).times, 1, "what was acknowledged before the backup is in it, once");
      const { orphans } = after
        .prepare("SELECT COUNT(*) AS orphans FROM inbox i WHERE NOT EXISTS (SELECT 1 FROM turns t WHERE t.session_id = i.session_id)")
        .get() as { orphans: number };
      after.close();
      assert.equal(orphans, 0, "a message without the turn that was committed with it");
      const again = await home.start();
      const { status } = await again.call("POST", "/api/message", { session: "agent:main:hook:after", message: "is anybody there?", wait: true });
      assert.equal(status, 200);
      assert.deepEqual(await again.stop(), { code: 0, signal: null });
      const gigabytes = bytes / 1e9;
      if (size === "long") assert.ok(restore.ms <= RESTORE_MS * gigabytes, `${restore.ms} ms for ${gigabytes} GB`);
      return {
        "database, MB": Math.round(bytes / 1e6),
        "messages acknowledged while the backup was made": during,
        "acknowledged before it and missing": 0,
        "backup, s": Math.round(backup.ms / 100) / 10,
        "restore, s": Math.round(restore.ms / 100) / 10,
      };
    } finally {
      await home.remove();
    }
  },
};

/** Conversations with long messages and answers, written as the hall writes them, until the file has so many bytes. */
async function fill(path: string, bytes: number): Promise<void> {
  const random = createSeededRandom(64);
  const store = await createSqliteStore({ path, clock: { now: () => Date.now() } });
  const words = Array.from({ length: 5_000 }, () => Math.floor(random.number() * 1e9).toString(36));
  const text = () => Array.from({ length: 3_000 }, () => words[Math.floor(random.number() * words.length)]).join(" ");
  const worlds = Array.from({ length: CONVERSATIONS }, () => new World(store));
  for (const w of worlds) w.now = Date.now() - 1_000_000;
  while (statSync(path).size < bytes)
    await Promise.all(
      worlds.map(async (w) => {
        w.now += 1;
        await w.commit(await w.begin(text()), { entries: [w.answer(text())] });
      }),
    );
  await store.close();
}

/** Somebody who never stops. */
function keepSaying(gateway: RunningGateway) {
  const accepted: string[] = [];
  const state = { over: false };
  let heard = () => {};
  const saying = (async () => {
    for (let n = 0; !state.over; n += 1) {
      const { status, body } = await gateway.call("POST", "/api/message", { session: `agent:main:hook:load${n % 4}`, message: `number ${n}` });
      assert.equal(status, 202);
      accepted.push(String(body["message_id"]));
      heard();
    }
  })();
  return {
    accepted: accepted as readonly string[],
    /** Until so many have been acknowledged. */
    said: (count: number) => new Promise<void>((resolve) => (heard = () => void (accepted.length >= count && resolve()))),
    async stop() {
      state.over = true;
      await saying;
    },
  };
}
