/**
 * Kills the real gateway again and again under load, then proves from outside that nothing was lost, reordered or done twice (fault-1, 2, 4, 26).
 *   node test/faults/kill-soak.ts --kills 100 --store sqlite
 *   node test/faults/kill-soak.ts --kills 100 --store postgres --seed 7
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPostgres, type TestPostgres } from "../../scripts/postgres.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "./echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "./gateway-process.ts";
import { checkSoak, type SoakFindings } from "./soak-check.ts";
import { postgresDatabase, sqliteDatabase, type SoakDatabase } from "./soak-database.ts";
import { PEOPLE, startLoad, type SoakLoad } from "./soak-load.ts";

export interface SoakOptions {
  readonly kills: number;
  readonly store: "sqlite" | "postgres";
  readonly seed: number;
}

export interface SoakReport extends SoakFindings {
  readonly kills: number;
  /** Updates that the gateway confirmed to Telegram before their row was committed. */
  readonly earlyConfirms: number;
  /** Milliseconds from the last start until everything had ended. */
  readonly settledMs: number;
}

/** Longest moment between a start (or a ready gateway) and its kill, milliseconds. */
const KILL_MS = 1_500;
/** No session may be stuck this long after the last start (fault-2), milliseconds. */
const SETTLE_MS = 30_000;

/** @throws Error when the gateway does not start or what was accepted does not end within 30 s of the last start. */
export async function runKillSoak(options: SoakOptions): Promise<SoakReport> {
  await using house = await openSoakHouse(options.store, (ids) => early.look(ids));
  const { telegram, home, database } = house;
  let url: string | undefined;
  const random = createSeededRandom(options.seed);
  const early = watchConfirms(database, (id) => load.keyOf(id));
  const load = startLoad(telegram, { seed: options.seed + 1, url: () => url });
  for (let kill = 0; kill < options.kills; kill += 1) {
    const child = home.spawn();
    // Every second kill may fall into the start itself: migrations, recovery, the first poll.
    if (kill % 2 === 1) url = await child.ready;
    else void child.ready.then((ready) => (url = ready)).catch(() => {});
    await wait(random.number() * KILL_MS);
    child.kill("SIGKILL");
    await child.exited;
    url = undefined;
  }
  const begun = performance.now();
  const last = await home.start();
  url = last.url;
  await load.finish();
  await settle(last, { load, telegram, database });
  const settledMs = Math.round(performance.now() - begun);
  await last.stop();
  const earlyConfirms = await early.count();
  return { kills: options.kills, earlyConfirms, settledMs, ...checkSoak(await database.read(), load, telegram) };
}

interface SoakHouse extends AsyncDisposable {
  readonly telegram: FakeTelegram;
  readonly model: EchoModel;
  readonly home: GatewayHome;
  readonly database: SoakDatabase;
}

async function openSoakHouse(store: SoakOptions["store"], onConfirm: (ids: number[]) => void): Promise<SoakHouse> {
  const telegram = await startFakeTelegram({ onConfirm });
  const model = await startEchoModel({ pace: 12 });
  const postgres: TestPostgres | undefined = store === "postgres" ? await startPostgres() : undefined;
  const databaseUrl = await postgres?.database("soak");
  const storage = databaseUrl === undefined ? 'backend = "sqlite"' : `backend = "postgres"\nurl = ${JSON.stringify(databaseUrl)}`;
  const home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: PEOPLE.slice(1), storage }) });
  const database = databaseUrl === undefined ? sqliteDatabase(join(home.dataFolder, "clanker.db")) : await postgresDatabase(databaseUrl);
  return {
    telegram,
    model,
    home,
    database,
    async [Symbol.asyncDispose]() {
      await home.remove();
      await database.close();
      await Promise.all([telegram.close(), model.close()]);
      await postgres?.stop();
    },
  };
}

/** Looks into the database whenever a poll has confirmed updates, before that poll is answered (fault-4). */
function watchConfirms(database: SoakDatabase, keyOf: (updateId: number) => string | undefined) {
  const looks: (string[] | Promise<string[]>)[] = [];
  return {
    look(ids: readonly number[]) {
      const keys = ids.map((id) => keyOf(id)).filter((key) => key !== undefined);
      looks.push(database.missing(keys));
    },
    count: async () => (await Promise.all(looks)).flat().length,
  };
}

async function settle(
  gateway: RunningGateway,
  { load, telegram, database }: { load: SoakLoad; telegram: FakeTelegram; database: SoakDatabase },
): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const { body } = await gateway.call("GET", "/api/status");
    const { turns, deliveries } = body as { turns: Record<string, number>; deliveries: { open: number } };
    const open = (turns["queued"] ?? 0) + (turns["running"] ?? 0) + (turns["waiting"] ?? 0);
    if (telegram.pending.length === 0 && open === 0 && deliveries.open === 0) return;
    if (performance.now() > deadline) {
      const stuck = (await database.read()).turns.filter((turn) => turn.status === "queued" || turn.status === "running");
      throw new Error(
        `${SETTLE_MS} ms after the last start ${open} turns of ${load.said.length + load.asked.length} messages, ${deliveries.open} deliveries and ${telegram.pending.length} updates are open: ${JSON.stringify(stuck.slice(0, 5))}\n${gateway.stderr().slice(-4000)}`,
      );
    }
    await wait(100);
  }
}

/** The table of docs/reliability.md. */
export function soakTable(report: SoakReport): string {
  const rows: [string, number][] = [
    ["kills", report.kills],
    ["messages", report.messages],
    ["answered", report.answered],
    ["dead-lettered", report.deadLettered],
    ["lost", report.lost],
    ["reordered", report.reordered],
    ["early confirms", report.earlyConfirms],
    ["duplicates", report.duplicates],
    ["unknown", report.unknown],
    ["previews left over", report.orphanPreviews],
    ["settled after the last start, ms", report.settledMs],
  ];
  return ["| what | number |", "|---|---|", ...rows.map(([what, number]) => `| ${what} | ${number} |`)].join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kills: { type: "string", default: "100" }, store: { type: "string", default: "sqlite" }, seed: { type: "string", default: "1" } },
  });
  if (values.store !== "sqlite" && values.store !== "postgres") throw new Error("--store sqlite or postgres");
  const report = await runKillSoak({ kills: Number(values.kills), store: values.store, seed: Number(values.seed) });
  console.log(soakTable(report));
  for (const problem of report.problems.slice(0, 50)) console.log(`- ${problem}`);
  process.exitCode = report.problems.length === 0 && report.earlyConfirms === 0 && report.unknown <= report.kills * PEOPLE.length ? 0 : 1;
}
