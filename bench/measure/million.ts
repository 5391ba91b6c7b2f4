import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pause, withScene, type BenchContext } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { memoryOf, startHelper } from "../processes.ts";
import { figure } from "../report.ts";
import type { Measured } from "../rows.ts";
import { median, percentile } from "../statistics.ts";
import { timedCommand } from "./timed-command.ts";

/** A house of many years: each of the messages has gone through the whole gateway, which takes ten minutes. */
export async function measureMillion({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const [sessions, turns] = [by(500, 10_000), by(10, 50)];
  const options = { dist, home: join(folder, "million") };
  await withScene(options, async ({ load, gateway }) => {
    await load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: 20 });
    await load.ask("fillDeep", { count: sessions, turns, prefix: "old" });
  });
  const starts: number[] = [];
  for (let round = 0; round < by(3, 9); round++) {
    const gateway = await startGateway(options);
    starts.push(gateway.readyMs);
    await gateway.stop();
  }
  const drill = await restoreDrill(options);
  const gateway = await startGateway(options);
  const load = startHelper("load.ts");
  try {
    await pause(10_000);
    const { rss } = memoryOf(gateway.pid);
    await load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: 1 });
    const timed = (method: string, params: object) => load.ask<number[]>("calls", { method, params, rounds: 100 });
    const list = await timed("sessions.list", { limit: 50 });
    const search = await timed("sessions.search", { query: "kettle 4711" });
    const messages = sessions * turns * 2;
    const note = `${figure(messages)} messages in ${figure(sessions)} sessions, ${figure(statSync(join(options.home, "data/clanker.db")).size / 1e6)} MB`;
    return [
      { row: "million-start", value: median(starts), note },
      { row: "million-rss", value: rss / 1024, note },
      { row: "million-list", value: percentile(list, 0.95), note: `50 of them, p50 ${figure(median(list))} ms` },
      { row: "million-search", value: percentile(search, 0.95), note: `two words, p50 ${figure(median(search))} ms` },
      drill,
    ];
  } finally {
    await load.stop();
    await gateway.stop();
  }
}

/** Seconds for each GB of database to put a backup back, all of it read and checked before and after. */
async function restoreDrill({ dist, home }: { dist: string; home: string }): Promise<Measured> {
  const [gigabytes, to] = [statSync(join(home, "data/clanker.db")).size / 1e9, join(home, "backup")];
  const program = join(dist, "clanker.js");
  const backup = await timedCommand([program, "backup", "--to", to], { home });
  const folder = join(to, readdirSync(to)[0]!);
  const restore = await timedCommand([program, "restore", folder, "--yes"], { home });
  return { row: "million-restore", value: restore / 1000 / gigabytes, note: `${figure(restore / 1000)} s; the backup took ${figure(backup / 1000)} s` };
}
