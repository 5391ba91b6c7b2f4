import { join } from "node:path";
import { pause, withBare, withScene, type BenchContext } from "../bench-context.ts";
import { TOKEN } from "../gateway-process.ts";
import type { Helper } from "../processes.ts";
import { figure } from "../report.ts";
import type { Measured } from "../rows.ts";
import { percentile } from "../statistics.ts";
import { withCrowd } from "./crowd.ts";

const EVENTS = 20;

/** Time of one event to every client that has asked for it. */
export async function measureFanOut({ dist, folder, by, cpuProfile }: BenchContext): Promise<Measured[]> {
  // max_connections is 10,000, and who sends the messages is one of them.
  const count = by(1_000, 9_998);
  const gap = by(100, 600);
  const p99 = async (crowd: readonly Helper[]) => {
    await pause(1_000);
    const all = (await Promise.all(crowd.map((load) => load.ask<number[]>("takeArrivals")))).flat();
    if (all.length !== count * EVENTS) throw new Error(`${all.length} of ${count * EVENTS} events arrived`);
    return percentile(all, 0.99);
  };
  const value = await withCrowd((crowd) =>
    withScene({ dist, home: join(folder, "fanout"), cpuProfile }, async ({ gateway, load }) => {
      const target = { url: gateway.wsUrl, token: TOKEN };
      await load.ask("connect", { ...target, count: 1 });
      await load.ask("turn", { session: "agent:main:warm" });
      await Promise.all(crowd.map((one) => one.ask("connectListeners", { ...target, count: count / 2, subscribe: true })));
      for (let event = 0; event < EVENTS; event++) {
        await load.ask("turn", { session: "agent:main:fan" });
        await pause(gap);
      }
      return await p99(crowd);
    }),
  );
  const bare = await withCrowd((crowd) =>
    withBare(async ({ helper, wsUrl }) => {
      await Promise.all(crowd.map((one) => one.ask("connectListeners", { url: wsUrl, token: "", count: count / 2, subscribe: false })));
      for (let event = 0; event < EVENTS; event++) {
        await helper.ask("broadcast");
        await pause(gap);
      }
      return await p99(crowd);
    }),
  );
  return [{ row: "fan-out", value, beside: { value: bare }, note: `${figure(count)} clients` }];
}
