/**
 * Two or more built programs side by side on the same machine, in turns, so that what else goes on there meets all of them:
 * `node bench/compare.ts DIST DIST... [--blocks 6]`. For the before and after of a change: copy dist away, change, build, compare.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { pause } from "./bench-context.ts";
import { startGateway, TOKEN, type GatewayProcess } from "./gateway-process.ts";
import { cpuOf, memoryOf, startHelper, startTelegram, writesOf, type Helper } from "./processes.ts";
import { figure } from "./report.ts";
import { median } from "./statistics.ts";
import type { Count } from "./measure/throughput.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { blocks: { type: "string", default: "6" } } });
const folder = mkdtempSync(join(tmpdir(), "clanker-compare-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
process.env["NODE_COMPILE_CACHE"] = join(folder, "compile-cache");

type Figures = Record<string, number[]>;

interface Arm {
  readonly name: string;
  readonly dist: string;
  readonly home: string;
  readonly figures: Figures;
}

interface Running extends Arm {
  readonly gateway: GatewayProcess;
  readonly load: Helper;
}

const arms = positionals.map((dist, index): Arm => {
  const copy = join(folder, `dist-${index}`);
  cpSync(dist, copy, { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }\n');
  return { name: basename(dist), dist: copy, home: join(folder, `home-${index}`), figures: {} };
});
const blocks = Number(values.blocks);
const note = ({ figures }: Arm, name: string, value: number) => (figures[name] ??= []).push(value);

await compareStarts();
await compareTurns();
const names = Object.keys(arms[0]?.figures ?? {});
console.log(["| what |", ...arms.map((arm) => `${arm.name} |`)].join(" "));
console.log(`|---|${arms.map(() => "---|").join("")}`);
for (const name of names) console.log([`| ${name} |`, ...arms.map(({ figures }) => `${figure(median(figures[name]!))} |`)].join(" "));

async function compareStarts(): Promise<void> {
  const telegram = await startTelegram();
  try {
    for (let block = 0; block <= blocks; block++) {
      for (const arm of arms) {
        const gateway = await startGateway({ ...arm, telegram });
        await pause(3_000);
        const { rss, pss } = memoryOf(gateway.pid);
        await gateway.stop();
        // The first one makes the database and fills the compile cache.
        if (block === 0) continue;
        note(arm, "start to ready, ms", gateway.readyMs);
        note(arm, "idle RSS, MB", rss / 1024);
        note(arm, "idle PSS, MB", pss / 1024);
      }
    }
  } finally {
    await telegram.stop();
  }
}

async function compareTurns(): Promise<void> {
  const model = startHelper("mock-model.ts");
  const modelUrl = `http://127.0.0.1:${await model.ask<number>("listen")}/v1`;
  const running: Running[] = [];
  try {
    for (const arm of arms) {
      const gateway = await startGateway({ ...arm, modelUrl });
      const load = startHelper("load.ts");
      running.push({ ...arm, gateway, load });
      await load.ask("connect", { url: gateway.wsUrl, token: TOKEN, count: 100 });
      await load.ask("closedTurns", { sessions: 10, ms: 2_500, prefix: "warm" });
    }
    for (let block = 0; block < blocks; block++) for (const arm of block % 2 === 0 ? running : running.toReversed()) await oneBlock(arm, block);
  } finally {
    for (const { load, gateway } of running) {
      await load.stop();
      await gateway.stop();
    }
    await model.stop();
  }
}

async function oneBlock(arm: Running, block: number): Promise<void> {
  const { load, gateway } = arm;
  for (const sessions of [1, 10]) {
    const [cpu, writes] = [cpuOf(gateway.pid), writesOf(gateway.pid)];
    const turns = await load.ask<number[]>("pacedTurns", { sessions, rounds: 200 / sessions, prefix: `${sessions}-${block}` });
    note(arm, `turn at ${sessions} p50, ms (model included)`, median(turns));
    note(arm, `turn at ${sessions} processor, ms`, (cpuOf(gateway.pid) - cpu) / turns.length);
    if (sessions === 1) note(arm, "turn at 1 written to disk, bytes", (writesOf(gateway.pid).bytes - writes.bytes) / turns.length);
  }
  const cpu = cpuOf(gateway.pid);
  const { count, ms } = await load.ask<Count>("closedTurns", { sessions: 100, ms: 1_500, prefix: `100-${block}` });
  note(arm, "turns per second at 100", (count / ms) * 1000);
  note(arm, "turn at 100 processor, ms", (cpuOf(gateway.pid) - cpu) / count);
}
