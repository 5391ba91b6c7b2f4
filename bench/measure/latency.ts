import { join } from "node:path";
import { withBare, withScene, type BenchContext, type Scene } from "../bench-context.ts";
import { TOKEN } from "../gateway-process.ts";
import { figure } from "../report.ts";
import type { Measured } from "../rows.ts";
import { median, percentile } from "../statistics.ts";
import { fsyncTimes } from "./machine.ts";

const BLOCKS = 3;

export interface PacedTimes {
  readonly turns: number[];
  /** The same call made directly to the model at the same pace. */
  readonly model: number[];
}

/** One block of paced turns, and one of direct calls right behind it. The load generator has as many connections as there are sessions. */
export async function pacedBlock(
  { load, model, modelUrl }: Scene,
  { turns, prefix, ...pace }: { sessions: number; turns: number; prefix: string; perSecond?: number },
): Promise<PacedTimes> {
  const rounds = Math.ceil(turns / pace.sessions);
  const taken = await load.ask<number[]>("pacedTurns", { ...pace, rounds, prefix });
  const body = await model.ask<string>("lastBody");
  return { turns: taken, model: await load.ask<number[]>("pacedModel", { ...pace, rounds: Math.ceil(rounds / 2), url: modelUrl, body }) };
}

/** End to end at an easy pace, less what the model itself takes at that pace; beside a WebSocket echo. */
export async function measureLatency({ dist, folder, by, cpuProfile }: BenchContext): Promise<Measured[]> {
  const turns = by(100, 1_000);
  return await withScene({ dist, home: join(folder, "latency"), cpuProfile }, async (scene) =>
    withBare(async (bare) => {
      const { load, gateway } = scene;
      await load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: 100 });
      await load.ask("connectBare", { url: bare.wsUrl, count: 100 });
      await load.ask("closedTurns", { sessions: 10, ms: by(1_500, 5_000), prefix: "warm" });
      await load.ask("closedEchoes", { sessions: 10, ms: 500 });
      const measured: Measured[] = [];
      for (const sessions of [1, 10, 30, 100]) {
        const all = { turns: [] as number[], model: [] as number[], echoes: [] as number[], fsync: [] as number[] };
        for (let block = 0; block < BLOCKS; block++) {
          const times = await pacedBlock(scene, { sessions, turns, prefix: `paced-${sessions}-${block}` });
          all.turns.push(...times.turns);
          all.model.push(...times.model);
          all.echoes.push(...(await load.ask<number[]>("pacedEchoes", { sessions, rounds: Math.ceil(turns / sessions / 2) })));
          all.fsync.push(...fsyncTimes(folder, 50));
        }
        measured.push(...rowsOf(sessions, all));
      }
      return measured;
    }),
  );
}

function rowsOf(sessions: number, { turns, model, echoes, fsync }: Readonly<Record<"turns" | "model" | "echoes" | "fsync", number[]>>): Measured[] {
  const own = median(model);
  return [50, 95, 99].map((share) => ({
    row: `turn-${sessions}-p${share}`,
    value: percentile(turns, share / 100) - own,
    beside: { value: percentile(echoes, share / 100) },
    note: `model ${figure(percentile(model, share / 100))} ms, fsync ${figure(percentile(fsync, share / 100))} ms`,
  }));
}
