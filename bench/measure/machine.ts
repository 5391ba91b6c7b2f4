import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Machine } from "../report.ts";
import { median, percentile } from "../statistics.ts";

/** What the figures were taken on: a durable turn can never be faster than its disk. @param folder where the databases of the bench lie. */
export function describeMachine(folder: string): Machine {
  const taken = fsyncTimes(folder, 500);
  const [first] = cpus();
  return {
    node: process.version,
    cpu: first?.model.trim() || process.arch,
    cores: cpus().length,
    fsyncMs: { p50: median(taken), p99: percentile(taken, 0.99) },
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
