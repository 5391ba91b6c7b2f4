/**
 * Crash-point enumeration (fault-1): kills a process at every point of every flow, before and after, lets the next one go on, and checks what became of it.
 *   node test/faults/crash-points-run.ts [--backend sqlite|postgres] [--flow NAME] [--every N]
 * `--every 3` takes every third point. Exit code 1 when a promise was broken at any point.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres, type TestPostgres } from "../../scripts/postgres.ts";
import { DURABILITY } from "../../src/core/store.ts";
import { checkFlow } from "./crash-points-check.ts";
import { FLOWS, type Flow } from "./crash-points-flows.ts";
import { createFastClock, openStore, runHouse, type HouseOptions, type NthPoint } from "./crash-points-house.ts";
import { PlatformFiles } from "./crash-points-platform.ts";

const PROGRAM = join(import.meta.dirname, "crash-points-house.ts");
/** Occurrences of one point in one flow that are worth a death; of reads, which change nothing, only the first. */
const OCCURRENCES = 4;
/** More deaths than this in one relay are a standstill. */
const RELAY_DEATHS = 30;

export interface PointReport {
  readonly flow: string;
  readonly point: NthPoint;
  /** False when the flow ended before it came so far this time: what is periodic does not come equally often. */
  readonly died: boolean;
  readonly problems: readonly string[];
}

export interface EnumerateOptions {
  readonly flow: Flow;
  /** Undefined: SQLite. */
  readonly postgres?: TestPostgres;
  /** Takes every n-th point, default 1. */
  readonly every?: number;
  /** Points before the first one that is taken, default 0. */
  readonly skip?: number;
  readonly onReport?: (report: PointReport) => void;
}

/** Every point that one undisturbed run of the flow passes. */
export async function pointsOf(flow: Flow, postgres?: TestPostgres): Promise<NthPoint[]> {
  return await inFreshHome(flow, postgres, true, async (options) => (await runHouse(options)).filter(isWorthDying));
}

function isWorthDying({ name, nth }: NthPoint): boolean {
  const operation = name.replace("store.", "");
  if (name === "store.close") return false;
  return nth <= (DURABILITY[operation as keyof typeof DURABILITY] === "read" ? 1 : OCCURRENCES);
}

/** Kills one process at each of them. */
export async function enumerateFlow({ flow, postgres, every = 1, skip = 0, onReport }: EnumerateOptions): Promise<PointReport[]> {
  const reports: PointReport[] = [];
  const points = await pointsOf(flow, postgres);
  for (const [index, die] of points.entries()) {
    if (index < skip || (index - skip) % every !== 0) continue;
    // One half of the points on a platform that takes a repeated send as one, the other half on one that does not.
    const idempotentSend = ((index - skip) / every) % 2 === 0;
    const report = await inFreshHome(flow, postgres, idempotentSend, async (options) => {
      const died = await runAndDie({ ...options, die });
      const problems = await recover(flow, options);
      return { flow: flow.name, point: die, died, problems };
    });
    reports.push(report);
    onReport?.(report);
  }
  return reports;
}

export interface RelayReport {
  readonly deaths: number;
  readonly problems: readonly string[];
  /** Texts that stand on the platform, in their order. */
  readonly shown: readonly string[];
  /** Sends that were asked for. */
  readonly attempts: number;
}

/** Kills one process after the other at the same point of its own life until one comes through, on a platform that takes a repeated send as one. */
export async function relay(flow: Flow, die: NthPoint): Promise<RelayReport> {
  return await inFreshHome(flow, undefined, true, async (options) => {
    let deaths = 0;
    while (await runAndDie({ ...options, die })) if (++deaths > RELAY_DEATHS) throw new Error(`${flow.name} does not get on`);
    const problems = await recover(flow, options);
    const files = new PlatformFiles(options.folder);
    const sends = files.sent().filter(({ kind }) => kind === "send");
    return { deaths, problems, shown: sends.map(({ text }) => text), attempts: files.attempts().length };
  });
}

async function recover(flow: Flow, options: HouseOptions): Promise<string[]> {
  try {
    await runHouse(options);
  } catch (error) {
    return [String(error)];
  }
  const store = await openStore(options, createFastClock(options.since));
  try {
    return await checkFlow(flow, new PlatformFiles(options.folder), store, options.idempotentSend);
  } finally {
    await store.close();
  }
}

/** @returns whether it died where it should. @throws Error when it failed by itself. */
async function runAndDie(options: HouseOptions): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, TZ: "UTC" } });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-4_000)));
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  if (signal === "SIGKILL") return true;
  if (code === 0) return false;
  throw new Error(`the process ended with ${code ?? signal}: ${stderr}`);
}

let homes = 0;

async function inFreshHome<T>(flow: Flow, postgres: TestPostgres | undefined, idempotentSend: boolean, use: (options: HouseOptions) => Promise<T>): Promise<T> {
  homes += 1;
  const folder = mkdtempSync(join(tmpdir(), "clanker-crash-"));
  try {
    const url = await postgres?.database(`crash${process.pid}x${homes}`);
    return await use({ flow: flow.name, folder, idempotentSend, since: Date.now(), ...(url !== undefined && { url }) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One line for each point at which something was wrong. */
export function describeProblems(reports: readonly PointReport[]): string[] {
  return reports.flatMap(({ flow, point, problems }) =>
    problems.map((problem) => `${flow}, killed ${point.when} ${point.name} (time ${point.nth}): ${problem}`),
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { backend: { type: "string", default: "sqlite" }, flow: { type: "string" }, every: { type: "string", default: "1" } },
  });
  const postgres = values.backend === "postgres" ? await startPostgres() : undefined;
  let broken = 0;
  try {
    for (const flow of FLOWS.filter(({ name }) => values.flow === undefined || name === values.flow)) {
      const begun = performance.now();
      const reports = await enumerateFlow({ flow, every: Number(values.every), ...(postgres && { postgres }) });
      const problems = describeProblems(reports);
      broken += problems.length;
      for (const problem of problems) console.log(problem);
      const died = reports.filter((report) => report.died).length;
      console.log(`${flow.name}: ${reports.length} points, ${died} deaths, ${problems.length} problems, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    }
  } finally {
    await postgres?.stop();
  }
  process.exitCode = broken > 0 ? 1 : 0;
}
