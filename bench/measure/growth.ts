import { join } from "node:path";
import { withScene, type BenchContext, type Scene } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { figure } from "../report.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";

const connect = ({ load, gateway }: Scene, count = 1) => load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count });
const against = (value: number, other: number) => `${figure(value)} against ${figure(other)} ms`;

/** One long session beside short ones, turn by turn. */
export async function measureHistory({ dist, folder, by, cpuProfile }: BenchContext): Promise<Measured[]> {
  const messages = by(2_000, 10_000);
  return await withScene({ dist, home: join(folder, "history"), cpuProfile }, async (scene) => {
    const { load } = scene;
    await connect(scene);
    await load.ask("fill", { session: "agent:main:long", turns: messages / 2 });
    await load.ask("fill", { session: "agent:main:window", turns: 150 });
    const taken: Record<"long" | "window" | "short", number[]> = { long: [], window: [], short: [] };
    for (let round = 0; round < by(30, 200); round++) {
      const short = `agent:main:short-${round}`;
      await load.ask("fill", { session: short, turns: 5 });
      taken.short.push(await load.ask<number>("turn", { session: short }));
      taken.window.push(await load.ask<number>("turn", { session: "agent:main:window" }));
      taken.long.push(await load.ask<number>("turn", { session: "agent:main:long" }));
    }
    const [long, window, short] = [median(taken.long), median(taken.window), median(taken.short)];
    const only = messages < 10_000 ? `, of only ${figure(messages)} messages` : "";
    return [
      { row: "history", value: long / short, note: `${against(long, short)}${only}` },
      { row: "history-full", value: long / window, note: `${against(long, window)}${only}` },
    ];
  });
}

/** A gateway that knows many sessions beside one that knows none, turn by turn and start by start. */
export async function measureSessions({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const sessions = by(1_000, 10_000);
  const [many, none] = [
    { dist, home: join(folder, "many-sessions") },
    { dist, home: join(folder, "no-sessions") },
  ];
  const taken: Record<"many" | "none", number[]> = { many: [], none: [] };
  await withScene(many, (full) =>
    withScene(none, async (empty) => {
      await connect(full, 10);
      await connect(empty);
      await full.load.ask("fillSessions", { count: sessions, prefix: "filled" });
      await empty.load.ask("fillSessions", { count: 200, prefix: "warm" });
      for (let round = 0; round < by(100, 400); round++) {
        taken.many.push(await full.load.ask<number>("turn", { session: `agent:main:turn-${round % 10}` }));
        taken.none.push(await empty.load.ask<number>("turn", { session: `agent:main:turn-${round % 10}` }));
      }
    }),
  );
  const starts: Record<"many" | "none", number[]> = { many: [], none: [] };
  for (let round = 0; round < by(3, 9); round++) {
    for (const [name, options] of [
      ["many", many],
      ["none", none],
    ] as const) {
      const gateway = await startGateway(options);
      starts[name].push(gateway.readyMs);
      await gateway.stop();
    }
  }
  const only = sessions < 10_000 ? `, of only ${figure(sessions)} sessions` : "";
  const row = (name: string, { many, none }: typeof taken): Measured => ({
    row: name,
    value: median(many) / median(none),
    note: `${against(median(many), median(none))}${only}`,
  });
  return [row("sessions-turn", taken), row("sessions-start", starts)];
}

/** What the model is sent for the shortest message. */
export async function measureHi({ dist, folder }: BenchContext): Promise<Measured[]> {
  return await withScene({ dist, home: join(folder, "hi") }, async (scene) => {
    const { load, model } = scene;
    await connect(scene);
    await load.ask("turn", { session: "agent:main:hi", message: "hi" });
    const body = await model.ask<string>("lastBody");
    const { tools = [] } = JSON.parse(body) as { tools?: unknown[] };
    return [{ row: "hi", value: Math.ceil(Buffer.byteLength(body) / 4), note: `${tools.length} tools, ${Buffer.byteLength(body)} bytes` }];
  });
}
