import { spawn } from "node:child_process";
import { join } from "node:path";
import { pause, type BenchContext } from "../bench-context.ts";
import { startGateway, untilOk } from "../gateway-process.ts";
import { ended, freePort, memoryOf, startTelegram, track } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";

/** The smallest server there is, without a TypeScript loader or a file to read. */
const bareServer = (port: number) => ["-e", `require("node:http").createServer((q, s) => s.end("ok")).listen(${port}, "127.0.0.1")`];

async function timeOf(args: readonly string[]): Promise<number> {
  const from = performance.now();
  const child = track(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }));
  await ended(child);
  if (child.exitCode !== 0) throw new Error(`node ${args.join(" ")} ended with ${child.exitCode}`);
  return performance.now() - from;
}

/** `clanker --help` in fresh processes, beside a Node that does nothing. */
export async function measureHelp({ dist, by }: BenchContext): Promise<Measured[]> {
  const help = ["--max-semi-space-size=2", join(dist, "clanker.js"), "--help"];
  const taken: number[] = [];
  const bare: number[] = [];
  await timeOf(help);
  for (let round = 0; round < by(9, 15, 25); round++) {
    taken.push(await timeOf(help));
    bare.push(await timeOf(["-e", "0"]));
  }
  return [{ row: "help", value: median(taken), bare: median(bare) }];
}

/** From nothing to the first 200 of /health/ready: an existing home, a warm compile cache, Telegram on loopback. */
export async function measureStart({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const telegram = await startTelegram();
  const taken: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = 0; round <= by(5, 9, 15); round++) {
      const gateway = await startGateway({ dist, home: join(folder, "start"), telegram });
      await gateway.stop();
      // The first one makes the database and fills the compile cache.
      if (round > 0) taken.push(gateway.readyMs);
      bare.push(await startBare());
    }
  } finally {
    await telegram.stop();
  }
  return [{ row: "start", value: median(taken), bare: median(bare) }];
}

async function startBare(): Promise<number> {
  const port = await freePort();
  const from = performance.now();
  const child = track(spawn(process.execPath, bareServer(port), { stdio: "ignore" }));
  await untilOk(`http://127.0.0.1:${port}/`, () => {
    if (child.exitCode !== null) throw new Error("the bare server ended");
  });
  const taken = performance.now() - from;
  child.kill();
  await ended(child);
  return taken;
}

/** Memory of gateways that have been left alone for 10 s. */
export async function measureIdle({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const telegram = await startTelegram();
  const port = await freePort();
  const bare = track(spawn(process.execPath, ["--max-semi-space-size=2", ...bareServer(port)], { stdio: "ignore" }));
  try {
    const [home, times] = [join(folder, "start"), by(1, 3, 5)];
    const readings: { rss: number; pss: number }[] = [];
    for (let round = 0; round < times; round++) {
      const gateway = await startGateway({ dist, home, telegram });
      await pause(10_000);
      readings.push(memoryOf(gateway.pid));
      await gateway.stop();
    }
    const plain = memoryOf(bare.pid!);
    return [
      { row: "rss", value: median(readings.map((one) => one.rss)) / 1024, bare: plain.rss / 1024 },
      { row: "pss", value: median(readings.map((one) => one.pss)) / 1024, bare: plain.pss / 1024 },
    ];
  } finally {
    bare.kill();
    await ended(bare);
    await telegram.stop();
  }
}
