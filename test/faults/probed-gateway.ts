import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./scenario.ts";
import type { ProbeFigures } from "./probe.ts";

export interface Probe {
  /** For the `env` of createGatewayHome. */
  readonly env: Record<string, string>;
  /** Figures of the gateway with this process id; the loop's since the last look. */
  look(pid: number): Promise<ProbeFigures>;
}

let probes = 0;

/** @param faults further variables of probe.ts */
export function createProbe(faults: Record<string, string> = {}): Probe {
  const file = join(tmpdir(), `clanker-probe-${process.pid}-${(probes += 1)}.json`);
  return {
    env: { NODE_OPTIONS: `--import=${new URL("./probe.ts", import.meta.url).href}`, CLANKER_PROBE: file, ...faults },
    async look(pid) {
      rmSync(file, { force: true });
      process.kill(pid, "SIGUSR2");
      let text = "";
      await eventually("the figures of the gateway", 30_000, () => {
        try {
          text = readFileSync(file, "utf8");
          return true;
        } catch {
          return false;
        }
      });
      rmSync(file, { force: true });
      return JSON.parse(text) as ProbeFigures;
    },
  };
}

/** Readable figures of a loop's delay. */
export function loopFigures({ loop }: ProbeFigures): Record<string, number> {
  return { "event loop p99, ms": round(loop.p99), "event loop max, ms": round(loop.max) };
}

export const round = (value: number): number => Math.round(value * 10) / 10;
export const mib = (bytes: number): number => round(bytes / 1024 / 1024);
