import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pause, withBare, withScene, type BenchContext, type Scene } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { cpuOf, memoryOf, writesOf } from "../processes.ts";
import type { Measured } from "../rows.ts";

export interface Count {
  readonly count: number;
  readonly ms: number;
}

/** The gateway gives memory back when no turn has ended for half a minute. */
const SETTLED_MS = 33_000;

export const perSecond = ({ count, ms }: Count): number => (count / ms) * 1000;

/** 100 sessions that each send their next message when the answer is there; connects and warms up first. */
export async function closedTurns(
  { load, gateway }: Scene,
  [warmMs, ms]: readonly [number, number],
  before: () => void = () => {},
): Promise<{ warm: Count; timed: Count }> {
  const sessions = 100;
  await load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: sessions });
  const warm = await load.ask<Count>("closedTurns", { sessions, ms: warmMs, prefix: "warm" });
  before();
  return { warm, timed: await load.ask<Count>("closedTurns", { sessions, ms, prefix: "timed" }) };
}

/** As many turns as go through, what they cost, and what they leave on disk. */
export async function measureThroughput({ dist, folder, by, cpuProfile }: BenchContext): Promise<Measured[]> {
  const home = join(folder, "throughput");
  const empty = await startGateway({ dist, home });
  await empty.stop();
  const before = databaseBytes(home);
  const run = await withScene({ dist, home, cpuProfile }, async (scene) => {
    const { pid } = scene.gateway;
    const read = () => ({ cpu: cpuOf(pid), writes: writesOf(pid) });
    let from = read();
    const { warm, timed } = await closedTurns(scene, by([3_000, 6_000], [5_000, 30_000]), () => (from = read()));
    const to = read();
    const memory = memoryOf(pid);
    await pause(SETTLED_MS);
    const settled = memoryOf(pid);
    const bare = await withBare(async ({ helper, wsUrl }) => {
      await scene.load.ask("connectBare", { url: wsUrl, count: 100 });
      const cpu = cpuOf(helper.pid);
      const echoes = await scene.load.ask<Count>("closedEchoes", { sessions: 100, ms: 2_000 });
      return { ...echoes, cpu: cpuOf(helper.pid) - cpu, memory: memoryOf(helper.pid) };
    });
    return { timed, bare, memory, settled, all: warm.count + timed.count, from, to };
  });
  const { timed, bare, from, to, memory, settled } = run;
  return [
    { row: "throughput", value: perSecond(timed), beside: { value: perSecond(bare), name: "echoes of bare Node" } },
    { row: "turn-cpu", value: (to.cpu - from.cpu) / timed.count, beside: { value: bare.cpu / bare.count } },
    { row: "turn-writes", value: (to.writes.calls - from.writes.calls) / timed.count },
    { row: "rss-loaded", value: memory.rss / 1024, beside: { value: bare.memory.rss / 1024 } },
    { row: "pss-loaded", value: memory.pss / 1024, beside: { value: bare.memory.pss / 1024 } },
    { row: "rss-settled", value: settled.rss / 1024 },
    { row: "disk", value: (databaseBytes(home) - before) / run.all },
    { row: "disk-written", value: (to.writes.bytes - from.writes.bytes) / timed.count },
  ];
}

function databaseBytes(home: string): number {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith("clanker.db"))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
