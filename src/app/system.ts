import { randomFillSync } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Places } from "../config/places.ts";
import type { Random } from "../core/random.ts";

/** Real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Real chance, from the operating system, drawn in blocks because a draw costs a system call. */
export const systemRandom: Random = (() => {
  const block = new Uint8Array(4096);
  let used = block.length;
  const bytes = (length: number): Uint8Array => {
    if (length > 256) return randomFillSync(new Uint8Array(length));
    if (used + length > block.length) {
      randomFillSync(block);
      used = 0;
    }
    used += length;
    return block.slice(used - length, used);
  };
  return {
    bytes,
    number: () => new DataView(bytes(4).buffer).getUint32(0) / 2 ** 32,
  };
})();

/** The process and its machine, as they are now. */
export function systemFacts({ configFile, dataFolder }: Pick<Places, "configFile" | "dataFolder">) {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    pid: process.pid,
    rss_bytes: rss,
    heap_bytes: heapUsed,
    config_file: configFile,
    data_folder: dataFolder,
  };
}
