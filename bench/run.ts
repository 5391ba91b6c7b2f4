/**
 * Measures the budgets beside a bare Node server: `npm run bench -- [--quick | --full] [--write] [--keep] [--dist FOLDER] [rows]`.
 *   --quick   under two minutes, few rounds; --full: 10,000 connections, under ten minutes
 *   --write   writes docs/performance.md
 *   --keep    makes this run the baseline (bench/baseline.json) that later runs are compared with
 *   --dist    another built program than dist/
 *   --on      folder for the databases, default the temporary one; /dev/shm shows what a turn costs without the disk
 *   rows      only these: help start idle latency throughput sockets fanout history hi
 * Every run leaves bench/results/latest.json and says what got worse by more than 15 %. Exit code 1 when a measurement failed.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, isStale } from "../scripts/build.ts";
import type { BenchContext, Mode } from "./bench-context.ts";
import { describeMachine } from "./measure/machine.ts";
import { measureHelp, measureIdle, measureStart } from "./measure/process-start.ts";
import { measureSandbox } from "./measure/sandbox.ts";
import { measureFanOut, measureSockets } from "./measure/sockets.ts";
import { measureHi, measureHistory, measureLatency, measureThroughput } from "./measure/turns.ts";
import { compare, renderPage, renderTable, type Results } from "./report.ts";
import { GROUPS, type Measured } from "./rows.ts";

const root = join(import.meta.dirname, "..");
const BASELINE = join(import.meta.dirname, "baseline.json");

const MEASUREMENTS: Readonly<Record<string, (context: BenchContext) => Promise<Measured[]>>> = {
  help: measureHelp,
  start: measureStart,
  idle: measureIdle,
  latency: measureLatency,
  throughput: measureThroughput,
  sockets: measureSockets,
  fanout: measureFanOut,
  history: measureHistory,
  hi: measureHi,
  sandbox: measureSandbox,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    full: { type: "boolean" },
    write: { type: "boolean" },
    keep: { type: "boolean" },
    dist: { type: "string" },
    on: { type: "string" },
  },
});
// The disk of the throughput run is what `disk` asks about.
const wanted = positionals.map((name) => (name === "disk" ? "throughput" : name));
const unknown = wanted.filter((name) => MEASUREMENTS[name] === undefined);
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(", ")}; there are: ${GROUPS.join(" ")}`);
  process.exit(2);
}

const mode: Mode = values.quick === true ? "quick" : values.full === true ? "full" : "standard";
const folder = mkdtempSync(join(values.on ?? tmpdir(), "clanker-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
// Of this run alone: the first start fills it, as on a person's machine.
process.env["NODE_COMPILE_CACHE"] = join(folder, "compile-cache");

const context: BenchContext = {
  mode,
  folder,
  dist: await copyOfDist(),
  by: (quick, standard, full) => ({ quick, standard, full })[mode],
  say: (text) => console.error(text),
};

const measured: Measured[] = [];
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const from = performance.now();
  try {
    measured.push(...(await measure(context)));
    context.say(`${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
  } catch (error) {
    context.say(`${name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = 1;
  }
}

const results: Results = { at: new Date().toISOString(), mode, machine: describeMachine(folder), measured };
const baseline = existsSync(BASELINE) ? (JSON.parse(readFileSync(BASELINE, "utf8")) as Results) : undefined;
report(results, baseline);

/** Built anew when the sources are newer; copied, so that a build meanwhile changes nothing under the running programs. */
async function copyOfDist(): Promise<string> {
  if (values.dist === undefined && (await isStale())) await build();
  const copy = join(folder, "dist");
  cpSync(values.dist ?? join(root, "dist"), copy, { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }\n');
  return copy;
}

function report(now: Results, before: Results | undefined): void {
  const { machine } = now;
  console.log(
    `\nNode ${machine.node}, ${machine.cores} cores, ${machine.cpu}; fsync ${machine.fsyncMs.p50.toFixed(2)} ms (p99 ${machine.fsyncMs.p99.toFixed(2)} ms)\n`,
  );
  console.log(renderTable(now, before));
  const worse = before === undefined ? [] : compare(now, before);
  if (worse.length > 0) console.log(`\nWorse than the baseline by more than 15 %:\n${worse.map((line) => `  ${line}`).join("\n")}`);
  const text = `${JSON.stringify(now, null, 2)}\n`;
  mkdirSync(join(import.meta.dirname, "results"), { recursive: true });
  writeFileSync(join(import.meta.dirname, "results/latest.json"), text);
  if (values.keep === true) writeFileSync(BASELINE, text);
  if (values.write === true) writeFileSync(join(root, "docs/performance.md"), renderPage(now));
}
