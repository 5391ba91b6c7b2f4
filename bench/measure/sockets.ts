import { join } from "node:path";
import { pause, withBare, withScene, type BenchContext } from "../bench-context.ts";
import { TOKEN } from "../gateway-process.ts";
import { memoryOf, startHelper, type Helper } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { figure } from "../report.ts";
import { percentile } from "../statistics.ts";

/** Two processes of clients. */
async function withCrowd<T>(act: (crowd: readonly Helper[]) => Promise<T>): Promise<T> {
  const crowd = [startHelper("load.ts"), startHelper("load.ts")];
  try {
    return await act(crowd);
  } finally {
    await Promise.all(crowd.map((helper) => helper.stop()));
  }
}

const EVENTS = 20;

/** Growth of resident memory over further connections after the first thousand, which pay for what is needed once. */
export async function measureSockets({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const [first, more] = by([1_000, 1_000], [1_000, 2_000], [1_000, 9_000]) as [number, number];
  const growth = async (pid: number, collect: () => Promise<void>, open: (count: number) => Promise<unknown>) => {
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
  };
  const value = await withCrowd((crowd) =>
    withScene({ dist, home: join(folder, "sockets"), inspect: true }, ({ gateway }) =>
      growth(gateway.pid, gateway.collect, (count) =>
        Promise.all(crowd.map((load) => load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: count / 2 }))),
      ),
    ),
  );
  const bare = await withCrowd((crowd) =>
    withBare(({ helper, wsUrl }) =>
      growth(
        helper.pid,
        () => helper.ask("collect"),
        (count) => Promise.all(crowd.map((load) => load.ask("connectBare", { url: wsUrl, count: count / 2 }))),
      ),
    ),
  );
  return [{ row: "socket", value, bare, note: `connections ${figure(first)} to ${figure(first + more)}` }];
}

/** Time of one event to every client that has asked for it. */
export async function measureFanOut({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  // The load generator needs a connection of its own.
  const count = by(1_000, 1_000, 9_998);
  const gap = by(100, 150, 600);
  const arrivalsOf = async (crowd: readonly Helper[]) => {
    await pause(1_000);
    const all = (await Promise.all(crowd.map((load) => load.ask<number[]>("takeArrivals")))).flat();
    if (all.length !== count * EVENTS) throw new Error(`${all.length} of ${count * EVENTS} events arrived`);
    return percentile(all, 0.99);
  };
  const value = await withCrowd((crowd) =>
    withScene({ dist, home: join(folder, "fanout") }, async ({ gateway, load }) => {
      const target = { url: gateway.wsUrl, token: TOKEN };
      await load.ask("connect", { ...target, count: 1 });
      await load.ask("turn", { session: "agent:main:warm" });
      await Promise.all(crowd.map((one) => one.ask("connect", { ...target, count: count / 2, subscribe: true })));
      for (let event = 0; event < EVENTS; event++) {
        await load.ask("turn", { session: "agent:main:fan" });
        await pause(gap);
      }
      return await arrivalsOf(crowd);
    }),
  );
  const bare = await withCrowd((crowd) =>
    withBare(async ({ helper, wsUrl }) => {
      await Promise.all(crowd.map((one) => one.ask("connectBare", { url: wsUrl, count: count / 2 })));
      await Promise.all(crowd.map((one) => one.ask("listenBare")));
      for (let event = 0; event < EVENTS; event++) {
        await helper.ask("broadcast");
        await pause(gap);
      }
      return await arrivalsOf(crowd);
    }),
  );
  return [{ row: "fan-out", value, bare, note: `${figure(count)} clients` }];
}
