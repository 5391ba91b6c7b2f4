import { join } from "node:path";
import { pause, withBare, withScene, type BenchContext } from "../bench-context.ts";
import { TOKEN } from "../gateway-process.ts";
import { memoryOf } from "../processes.ts";
import { figure } from "../report.ts";
import type { Measured } from "../rows.ts";
import { withCrowd } from "./crowd.ts";

interface Growth {
  readonly first: number;
  readonly more: number;
  collect(): Promise<void>;
  open(count: number): Promise<unknown>;
}

/** kB of resident memory per connection, over those after the first thousand, which pay for what is needed once. */
async function growthOf(pid: number, { first, more, collect, open }: Growth): Promise<number> {
  const settled = async () => {
    await pause(500);
    await collect();
    await pause(500);
    return memoryOf(pid).rss;
  };
  await open(first);
  const before = await settled();
  await open(more);
  return ((await settled()) - before) / more;
}

/** Memory of idle connections, garbage collected before both readings. */
export async function measureSockets({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const [first, more] = [1_000, by(1_000, 8_900)];
  const value = await withCrowd((crowd) =>
    withScene({ dist, home: join(folder, "sockets"), inspect: true }, ({ gateway }) => {
      const open = (count: number) => Promise.all(crowd.map((load) => load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: count / 2 })));
      return growthOf(gateway.pid, { first, more, open, collect: gateway.collect });
    }),
  );
  const bare = await withCrowd((crowd) =>
    withBare(({ helper, wsUrl }) => {
      const open = (count: number) => Promise.all(crowd.map((load) => load.ask("connectBare", { url: wsUrl, count: count / 2 })));
      return growthOf(helper.pid, { first, more, open, collect: () => helper.ask("collect") });
    }),
  );
  return [{ row: "socket", value, beside: { value: bare }, note: `connections ${figure(first)} to ${figure(first + more)}` }];
}
