import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { withBare, withScene, type BenchContext, type Scene } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { cpuOf, memoryOf } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { figure } from "../report.ts";
import { median, percentile } from "../statistics.ts";

const connect = ({ load, gateway }: Scene, count: number) => load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count });

/** End to end at an easy pace, less what the model itself takes at that pace. */
export async function measureLatency({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const sessions = 10;
  const rounds = by(60, 150, 500);
  return await withScene({ dist, home: join(folder, "latency") }, async (scene) => {
    const { load, model, modelUrl } = scene;
    await connect(scene, sessions);
    await load.ask("closedTurns", { sessions, ms: by(1_500, 3_000, 5_000), prefix: "warm" });
    const turns = await load.ask<number[]>("pacedTurns", { sessions, rounds, prefix: "paced" });
    const body = await model.ask<string>("lastBody");
    const direct = await load.ask<number[]>("pacedModel", { sessions, rounds: Math.ceil(rounds / 2), url: modelUrl, body });
    const echoes = await withBare(async (bare) => {
      await load.ask("connectBare", { url: bare.wsUrl, count: sessions });
      await load.ask("closedEchoes", { sessions, ms: 500 });
      return await load.ask<number[]>("pacedEchoes", { sessions, rounds: Math.ceil(rounds / 2) });
    });
    const own = median(direct);
    return [
      { row: "turn-p50", value: median(turns) - own, bare: median(echoes), note: `the model itself took ${figure(own)} ms` },
      { row: "turn-p99", value: percentile(turns, 0.99) - own, bare: percentile(echoes, 0.99) },
    ];
  });
}

/** As many turns as go through, and what they leave on disk. */
export async function measureThroughput({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const sessions = 100;
  const home = join(folder, "throughput");
  const phases = by([3_000, 6_000], [4_000, 10_000], [5_000, 30_000]) as [number, number];
  const empty = await startGateway({ dist, home });
  await empty.stop();
  const before = databaseBytes(home);
  const run = await withScene({ dist, home }, async (scene) => {
    const { load, gateway } = scene;
    await connect(scene, sessions);
    const warm = await load.ask<{ count: number }>("closedTurns", { sessions, ms: phases[0], prefix: "warm" });
    const cpu = cpuOf(gateway.pid);
    const timed = await load.ask<{ count: number; ms: number }>("closedTurns", { sessions, ms: phases[1], prefix: "full" });
    const bare = await withBare(async ({ wsUrl }) => {
      await load.ask("connectBare", { url: wsUrl, count: sessions });
      return await load.ask<{ count: number; ms: number }>("closedEchoes", { sessions, ms: 2_000 });
    });
    return { timed, bare, all: warm.count + timed.count, cpu: (cpuOf(gateway.pid) - cpu) / timed.count, rss: memoryOf(gateway.pid).rss / 1024 };
  });
  const { timed, bare } = run;
  return [
    {
      row: "throughput",
      value: (timed.count / timed.ms) * 1000,
      bare: (bare.count / bare.ms) * 1000,
      note: `${figure(run.cpu)} ms of processor time a turn in the gateway, RSS ${figure(run.rss)} MB at the end`,
    },
    { row: "disk", value: (databaseBytes(home) - before) / run.all },
  ];
}

function databaseBytes(home: string): number {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith("clanker.db"))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** One long session beside short ones, turn by turn. */
export async function measureHistory({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const rounds = by(30, 60, 150);
  const messages = by(2_000, 10_000, 10_000);
  return await withScene({ dist, home: join(folder, "history") }, async (scene) => {
    const { load } = scene;
    await connect(scene, 1);
    await load.ask("fill", { session: "agent:main:long", turns: messages / 2 });
    await load.ask("fill", { session: "agent:main:window", turns: 150 });
    const taken: Record<"long" | "window" | "short", number[]> = { long: [], window: [], short: [] };
    for (let round = 0; round < rounds; round++) {
      const short = `agent:main:short-${round}`;
      await load.ask("fill", { session: short, turns: 5 });
      taken.short.push(await load.ask<number>("turn", { session: short }));
      taken.window.push(await load.ask<number>("turn", { session: "agent:main:window" }));
      taken.long.push(await load.ask<number>("turn", { session: "agent:main:long" }));
    }
    const [long, window, short] = [median(taken.long), median(taken.window), median(taken.short)];
    return [
      {
        row: "history",
        value: long / short,
        note: `${figure(long)} against ${figure(short)} ms${messages < 10_000 ? `, of only ${figure(messages)} messages` : ""}`,
      },
      { row: "history-full", value: long / window, note: `${figure(long)} against ${figure(window)} ms` },
    ];
  });
}

/** What the model is sent for the shortest message. */
export async function measureHi({ dist, folder }: BenchContext): Promise<Measured[]> {
  return await withScene({ dist, home: join(folder, "hi") }, async (scene) => {
    const { load, model } = scene;
    await connect(scene, 1);
    await load.ask("turn", { session: "agent:main:hi", message: "hi" });
    const body = await model.ask<string>("lastBody");
    const { tools = [] } = JSON.parse(body) as { tools?: unknown[] };
    return [{ row: "hi", value: Math.ceil(Buffer.byteLength(body) / 4), note: `${tools.length} tools, ${Buffer.byteLength(body)} bytes` }];
  });
}
