import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Machine } from "../report.ts";
import { median, percentile } from "../statistics.ts";

/** Share of all cores that are busy within a second in which this process waits. */
async function busyShare(): Promise<number> {
  const read = () =>
    cpus().reduce((sum, { times }) => ({ idle: sum.idle + times.idle, all: sum.all + Object.values(times).reduce((a, b) => a + b) }), { idle: 0, all: 0 });
  const from = read();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const to = read();
  return to.all === from.all ? 0 : 1 - (to.idle - from.idle) / (to.all - from.all);
}

/** What the figures were taken on: a durable turn can never be faster than its disk. @param folder where the databases of the bench lie. */
export async function describeMachine(folder: string): Promise<Machine> {
  const othersShare = await busyShare();
  const taken = fsyncTimes(folder, 500);
  const [first] = cpus();
  return {
    node: process.version,
    cpu: first?.model.trim() || process.arch,
    cores: cpus().length,
    fsyncMs: { p50: median(taken), p99: percentile(taken, 0.99) },
    othersShare,
  };
}

/** Milliseconds of `count` appended 4 kB blocks, each with its fsync. */
export function fsyncTimes(folder: string, count: number): number[] {
  const file = join(folder, "fsync");
  const descriptor = openSync(file, "w");
  const block = Buffer.alloc(4096, 1);
  const taken: number[] = [];
  for (let index = 0; index < count; index++) {
    const from = performance.now();
    writeSync(descriptor, block);
    fsyncSync(descriptor);
    taken.push(performance.now() - from);
  }
  closeSync(descriptor);
  rmSync(file);
  return taken;
}
