import { join } from "node:path";
import { postgresBinaries, startPostgres } from "../../scripts/postgres.ts";
import { NotHere, withScene, type BenchContext } from "../bench-context.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";
import { pacedBlock } from "./latency.ts";
import { closedTurns, perSecond } from "./throughput.ts";

/** Turns a second that both can keep up with: faster, the time would be that of a queue. */
const PACE = 50;

interface Figures {
  readonly latency: number;
  readonly throughput: number;
}

/** PostgreSQL beside SQLite, on the same disk and cores; its own processes take their share of them. */
export async function measureBackends({ dist, folder, by, cpuProfile }: BenchContext): Promise<Measured[]> {
  if (postgresBinaries() === undefined) throw new NotHere("no PostgreSQL on this machine; as root: node scripts/postgres.ts --install");
  const figuresOf = (name: string, storage: string): Promise<Figures> =>
    withScene({ dist, home: join(folder, name), storage, cpuProfile }, async (scene) => {
      const { timed } = await closedTurns(scene, by([1_500, 2_500], [5_000, 15_000]));
      const { turns, model } = await pacedBlock(scene, { sessions: 10, turns: by(150, 600), prefix: "paced", perSecond: PACE });
      return { latency: median(turns) - median(model), throughput: perSecond(timed) };
    });
  const server = await startPostgres();
  try {
    const [postgres, sqlite] = [
      await figuresOf("postgres", `backend = "postgres"\nurl = "${await server.database("bench")}"`),
      await figuresOf("sqlite", 'backend = "sqlite"'),
    ];
    return [
      { row: "postgres-p50", value: postgres.latency, beside: { value: sqlite.latency, name: "SQLite" }, note: `${PACE} turns a second` },
      { row: "postgres-throughput", value: postgres.throughput, beside: { value: sqlite.throughput, name: "SQLite" } },
    ];
  } finally {
    await server.stop();
  }
}
