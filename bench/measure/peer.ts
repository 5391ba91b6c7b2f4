import { join } from "node:path";
import { pause, withScene, type BenchContext } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { startPeer } from "../peer-process.ts";
import { memoryOf, startHelper, type Helper } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";
import { perSecond, type Count } from "./throughput.ts";

interface Figures {
  readonly start: number;
  readonly rss: number;
  readonly turn: number;
  readonly throughput: number;
  readonly hi: number;
}

interface Door {
  readonly url: string;
  readonly model: string;
}

/** Turns through the OpenAI-compatible door of either, each client in a conversation of its own that the gateway keeps. */
async function throughDoor({ load, model }: { load: Helper; model: Helper }, door: Door, ms: number): Promise<Pick<Figures, "turn" | "throughput" | "hi">> {
  const target = { ...door, token: TOKEN };
  // What is loaded with the first turns is no part of a turn.
  await load.ask("completions", { ...target, rounds: 1 });
  const hi = Buffer.byteLength(await model.ask<string>("lastBody"));
  await load.ask("completions", { ...target, rounds: 10 });
  const turns = await load.ask<number[]>("completions", { ...target, rounds: 30 });
  const count = await load.ask<Count>("closedCompletions", { ...target, sessions: 10, ms });
  return { turn: median(turns), throughput: perSecond(count), hi };
}

async function figuresOfPeer({ folder, by }: BenchContext): Promise<Figures & { version: string }> {
  const [model, load] = [startHelper("mock-model.ts"), startHelper("load.ts")];
  try {
    const options = { home: join(folder, "peer"), modelUrl: `http://127.0.0.1:${await model.ask<number>("listen")}/v1` };
    // The first one makes its files.
    await (await startPeer(options)).stop();
    const starts: number[] = [];
    for (let round = 1; round < by(1, 3); round++) {
      const peer = await startPeer(options);
      starts.push(peer.readyMs);
      await peer.stop();
    }
    const peer = await startPeer(options);
    try {
      starts.push(peer.readyMs);
      await pause(10_000);
      const rss = peer.rss() / 1024;
      const turns = await throughDoor({ load, model }, { url: peer.url, model: "openclaw" }, by(5_000, 20_000));
      return { version: peer.version, start: median(starts), rss, ...turns };
    } finally {
      await peer.stop();
    }
  } finally {
    await load.stop();
    await model.stop();
  }
}

async function figuresOfOurs({ dist, folder, by }: BenchContext): Promise<Figures> {
  const home = join(folder, "beside-peer");
  const starts: number[] = [];
  for (let round = 0; round < by(2, 4); round++) {
    const gateway = await startGateway({ dist, home });
    if (round > 0) starts.push(gateway.readyMs);
    await gateway.stop();
  }
  return await withScene({ dist, home }, async ({ gateway, load, model }) => {
    await pause(10_000);
    const rss = memoryOf(gateway.pid).rss / 1024;
    return { start: median(starts), rss, ...(await throughDoor({ load, model }, { url: `${gateway.url}/v1`, model: "clanker" }, by(5_000, 20_000))) };
  });
}

/** OpenClaw, where bench/peers.sh has installed it, with the same mock model, one after the other on the same machine. */
export async function measurePeer(context: BenchContext): Promise<Measured[]> {
  const theirs = await figuresOfPeer(context);
  const ours = await figuresOfOurs(context);
  return (["start", "rss", "turn", "throughput", "hi"] as const).map((name) => ({
    row: `peer-${name}`,
    value: ours[name],
    beside: { value: theirs[name], name: `openclaw ${theirs.version}` },
  }));
}
