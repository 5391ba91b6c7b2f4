/**
 * Loaded into a gateway before everything else (`node --import`), so that the program itself needs no back door:
 * - SIGUSR2 makes it write its figures to the file CLANKER_PROBE;
 * - CLANKER_SLOW_FSYNC_MS makes every commit of the database's writer take so much longer, as a slow disk does;
 * - while the file CLANKER_DNS_DOWN exists, names do not resolve.
 */
import dns from "node:dns";
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** What a gateway says of itself. Times in milliseconds, sizes in bytes. */
export interface ProbeFigures {
  /** Delay of the event loop since the last look. */
  readonly loop: { readonly p50: number; readonly p99: number; readonly max: number };
  /** After a full collection. */
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly handles: number;
  readonly descriptors: number;
}

const { CLANKER_PROBE: target, CLANKER_SLOW_FSYNC_MS: slow, CLANKER_DNS_DOWN: dnsDown } = process.env;

if (isMainThread) {
  if (target !== undefined) answerProbes(target);
  if (dnsDown !== undefined) breakNames(dnsDown);
} else if (slow !== undefined) slowDown(Number(slow));

function answerProbes(file: string): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on("SIGUSR2", () => {
    const loop = { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    const { rss } = process.memoryUsage();
    collect();
    const { heapUsed: heap, external } = process.memoryUsage();
    const figures: ProbeFigures = {
      loop,
      heap,
      external,
      rss,
      handles: process.getActiveResourcesInfo().length,
      descriptors: readdirSync("/proc/self/fd").length,
    };
    writeFileSync(`${file}.part`, JSON.stringify(figures));
    renameSync(`${file}.part`, file);
    delay.reset();
  });
}

function slowDown(ms: number): void {
  const prototype = DatabaseSync.prototype as unknown as { exec(sql: string): void };
  const exec = prototype.exec;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  prototype.exec = function (sql: string) {
    exec.call(this, sql);
    if (sql === "COMMIT") Atomics.wait(cell, 0, 0, ms);
  };
}

function breakNames(file: string): void {
  const lookup = dns.lookup as (...args: unknown[]) => unknown;
  const refused = (name: unknown) => Object.assign(new Error(`getaddrinfo EAI_AGAIN ${String(name)}`), { code: "EAI_AGAIN", syscall: "getaddrinfo" });
  Object.assign(dns, {
    lookup: (name: unknown, ...rest: unknown[]) => {
      if (!existsSync(file)) return lookup(name, ...rest);
      const callback = rest.at(-1) as (error: Error) => void;
      setImmediate(() => callback(refused(name)));
    },
  });
  const resolve = dns.promises.lookup as (...args: unknown[]) => Promise<unknown>;
  Object.assign(dns.promises, {
    lookup: async (name: unknown, ...rest: unknown[]) => {
      if (existsSync(file)) throw refused(name);
      return await resolve(name, ...rest);
    },
  });
  syncBuiltinESMExports();
}
