/**
 * Measures the budgets beside a bare Node server: `npm run bench -- [--quick] [--only GROUP,GROUP] [--keep] [--dist FOLDER] [--on FOLDER] [--cpu-prof FOLDER]`.
 *   --quick     under two minutes, few rounds, fewer connections and messages; without it everything as the budget says, about ten minutes
 *   --only      these groups, or the groups of these rows: cli start idle latency throughput sockets fanout history sessions million hi tools sandbox postgres peer
 *   --keep      makes this run (or, with --only, these groups of it) the baseline bench/baseline.json that later runs are compared with,
 *               and writes its figures into docs/performance.md
 *   --dist      another built program than dist/
 *   --on        folder for the databases, default the temporary one; /dev/shm shows what a turn costs without the disk
 *   --cpu-prof  every gateway leaves a CPU profile in this folder (its main thread and its writer thread)
 * Every run leaves bench/results/latest.json and says what got worse by more than 15 %. Exit code 1 when a measurement failed.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, isStale } from "../scripts/build.ts";
import { writePerformancePage } from "../scripts/docs-performance.ts";
import { NotHere, type BenchContext, type Measurement } from "./bench-context.ts";
import { measureBackends } from "./measure/backends.ts";
import { measureCommands } from "./measure/commands.ts";
import { measureFanOut } from "./measure/fan-out.ts";
import { measureHi, measureHistory, measureSessions } from "./measure/growth.ts";
import { measureIdle } from "./measure/idle.ts";
import { measureLatency } from "./measure/latency.ts";
import { describeMachine } from "./measure/machine.ts";
import { measureMillion } from "./measure/million.ts";
import { measurePeer } from "./measure/peer.ts";
import { measureSandbox } from "./measure/sandbox.ts";
import { measureSockets } from "./measure/sockets.ts";
import { measureStart } from "./measure/start.ts";
import { measureThroughput } from "./measure/throughput.ts";
import { measureToolCall } from "./measure/tool-call.ts";
import { compare, describe, missed, renderTable, type Results } from "./report.ts";
import { GROUPS, ROWS, type Measured } from "./rows.ts";

const root = join(import.meta.dirname, "..");
const BASELINE = join(import.meta.dirname, "baseline.json");

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  cli: measureCommands,
  start: measureStart,
  idle: measureIdle,
  latency: measureLatency,
  throughput: measureThroughput,
  sockets: measureSockets,
  fanout: measureFanOut,
  history: measureHistory,
  sessions: measureSessions,
  million: measureMillion,
  hi: measureHi,
  tools: measureToolCall,
  sandbox: measureSandbox,
  postgres: measureBackends,
  peer: measurePeer,
};

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string", multiple: true },
    keep: { type: "boolean" },
    dist: { type: "string" },
    on: { type: "string" },
    "cpu-prof": { type: "string" },
  },
});
const wanted = (values.only ?? []).flatMap((text) => text.split(",")).map((name) => ROWS.find((row) => row.name === name)?.group ?? name);
const unknown = wanted.filter((name) => !GROUPS.includes(name));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(", ")}; there are: ${GROUPS.join(" ")}`);
  process.exit(2);
}

const folder = mkdtempSync(join(values.on ?? tmpdir(), "clanker-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
// Of this run alone: the first start fills it, as on a person's machine.
process.env["NODE_COMPILE_CACHE"] = join(folder, "compile-cache");

const mode: Results["mode"] = values.quick === true ? "quick" : "full";
const context: BenchContext = {
  mode,
  folder,
  dist: await copyOfDist(),
  by: (quick, full) => (mode === "quick" ? quick : full),
  ...(values["cpu-prof"] !== undefined && { cpuProfile: resolve(values["cpu-prof"]) }),
};
report(await measureAll());

async function measureAll(): Promise<Results> {
  const measured: Measured[] = [];
  const absent: Record<string, string> = {};
  const before = await describeMachine(folder);
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const from = performance.now();
    try {
      if (name === "peer" && mode === "quick" && wanted.length === 0) throw new NotHere("left out of a quick run; --only peer measures it");
      if (name === "million" && wanted.length === 0) throw new NotHere("takes a quarter of an hour; --only million measures it");
      measured.push(...(await measure(context)));
      console.error(`${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
    } catch (error) {
      if (error instanceof NotHere) absent[name] = error.message;
      else process.exitCode = 1;
      console.error(`${name}: ${error instanceof NotHere ? error.message : error instanceof Error ? error.stack : String(error)}`);
    }
  }
  const after = await describeMachine(folder);
  const fsyncMs = { p50: (before.fsyncMs.p50 + after.fsyncMs.p50) / 2, p99: Math.max(before.fsyncMs.p99, after.fsyncMs.p99) };
  return { at: new Date().toISOString(), mode, machine: { ...after, fsyncMs, othersShare: (before.othersShare + after.othersShare) / 2 }, measured, absent };
}

/** Built anew when the sources are newer; copied, so that a build meanwhile changes nothing under the running programs. */
async function copyOfDist(): Promise<string> {
  if (values.dist === undefined && (await isStale())) await build();
  const copy = join(folder, "dist");
  cpSync(values.dist ?? join(root, "dist"), copy, { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }\n');
  return copy;
}

function report(now: Results): void {
  const before = existsSync(BASELINE) ? (JSON.parse(readFileSync(BASELINE, "utf8")) as Results) : undefined;
  console.log(`\n${describe(now)}\n\n${renderTable(now, { baseline: before })}`);
  for (const [name, reason] of Object.entries(now.absent)) console.log(`\n${name}: ${reason}`);
  list("A must is missed", missed(now));
  if (before !== undefined) list("Worse than the baseline by more than 15 %", compare(now, before));
  mkdirSync(join(import.meta.dirname, "results"), { recursive: true });
  writeFileSync(join(import.meta.dirname, "results/latest.json"), toText(now));
  if (values.keep !== true) return;
  const groups = wanted.length === 0 ? GROUPS : wanted;
  const isNew = (row: string) => groups.includes(ROWS.find(({ name }) => name === row)?.group ?? "");
  const kept = (before?.measured ?? []).filter(({ row }) => !isNew(row) && ROWS.some(({ name }) => name === row));
  const keptAbsent = Object.entries(before?.absent ?? {}).filter(([name]) => !groups.includes(name));
  writeFileSync(BASELINE, toText({ ...now, measured: [...kept, ...now.measured], absent: { ...Object.fromEntries(keptAbsent), ...now.absent } }));
  writePerformancePage();
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((text) => `  ${text}`).join("\n")}`);
}

function toText(results: Results): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}
