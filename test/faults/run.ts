/**
 * The fault lab: does to the real program what happens to programs, and says in figures what became of it.
 *   npm run faults                       every scenario in its short form
 *   npm run faults -- --only disk-full   one of them (may be given several times)
 *   npm run faults -- --long             the long forms: minutes to an hour each
 *   npm run faults -- --list             what there is
 * Prints a table, and keeps the figures in test/faults/figures.json, from which docs/reliability.md is made. Ends with 1 when a criterion was missed.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { inspect, parseArgs } from "node:util";
import { casesOf, NotHere, type Figures, type Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

const file = fileURLToPath(new URL("figures.json", import.meta.url));

/** What figures.json keeps of the last run of a scenario. */
interface Kept {
  readonly cases: readonly number[];
  readonly size: string;
  readonly figures: Figures;
}

/** Programs of their own that belong to the lab. */
const RUNNERS: readonly {
  readonly name: string;
  readonly path: string;
  readonly short: readonly string[];
  readonly long: readonly string[];
  readonly what: string;
}[] = [
  {
    name: "simulator",
    path: "../sim/run.ts",
    short: ["--seeds", "20"],
    long: ["--seeds", "10000"],
    what: "the hall in simulated time, with faults by seed (fault-87)",
  },
  {
    name: "mutants",
    path: "../sim/mutants-run.ts",
    short: ["--only", "preview"],
    long: [],
    what: "what is taken away from the program, one thing at a time, is noticed by the simulator (fault-87)",
  },
  {
    name: "crash-points",
    path: "./crash-points-run.ts",
    short: ["--every", "12"],
    long: [],
    what: "killed before and after every write and every call (fault-1)",
  },
  {
    name: "crash-points-pg",
    path: "./crash-points-run.ts",
    short: ["--backend", "postgres", "--every", "24"],
    long: ["--backend", "postgres"],
    what: "the same on PostgreSQL (fault-1, fault-65)",
  },
].filter(({ path }) => existsSync(fileURLToPath(new URL(path, import.meta.url))));

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    long: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

/** Scenarios that this machine does not permit. */
const absent: string[] = [];

if (values.list) {
  for (const { name, title } of scenarios) console.log(`${name.padEnd(20)} ${title}`);
  for (const { name, what } of RUNNERS) console.log(`${name.padEnd(20)} ${what}`);
} else process.exitCode = await runAll();

async function runAll(): Promise<number> {
  const wanted = (name: string) => values.only === undefined || values.only.includes(name);
  const unknown = (values.only ?? []).filter((name) => ![...scenarios, ...RUNNERS].some((one) => one.name === name));
  if (unknown.length > 0) {
    console.error(`no scenario ${unknown.join(", ")}; see --list`);
    return 2;
  }
  const results: Record<string, Kept & { failure?: string }> = {};
  for (const scenario of scenarios.filter(({ name }) => wanted(name))) keep(scenario.name, (results[scenario.name] = await runOne(scenario)));
  for (const runner of RUNNERS.filter(({ name }) => wanted(name))) await runProgram(runner.path, values.long ? runner.long : runner.short);
  const failed = Object.entries(results).filter(([, { failure }]) => failure !== undefined);
  const held = Object.keys(results).length - failed.length - absent.length;
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${held} held, ${failed.length} did not${absent.length > 0 ? `, ${absent.length} did not run: ${absent.join(", ")}` : ""}`);
  return failed.length > 0 || process.exitCode === 1 ? 1 : 0;
}

async function runOne(scenario: Scenario): Promise<Kept & { failure?: string }> {
  const size = values.long ? "long" : "short";
  const begun = performance.now();
  const base = { cases: casesOf(scenario), size };
  try {
    const figures = await scenario.run(size);
    print(scenario.name, begun, figures);
    return { ...base, figures };
  } catch (error) {
    if (error instanceof NotHere) {
      absent.push(scenario.name);
      print(`- ${scenario.name}`, begun, { "did not run": error.message });
      return { ...base, figures: {} };
    }
    const failure = inspect(error);
    print(`✖ ${scenario.name}`, begun, {});
    console.log(failure.replaceAll(/^/gm, "    "));
    return { ...base, figures: {}, failure };
  }
}

function print(name: string, begun: number, figures: Figures): void {
  console.log(`\n${name}  (${((performance.now() - begun) / 1_000).toFixed(1)} s)`);
  for (const [what, value] of Object.entries(figures)) console.log(`  ${what.padEnd(48)} ${value}`);
}

/** Only what held is kept: a failed run must not stand in the docs as a figure. At once, for a long lab may be ended before its end. */
function keep(name: string, { failure, ...result }: Kept & { failure?: string }): void {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Kept>) : {};
  // The figures of a long run are worth more than those of a short one.
  if (failure === undefined && !absent.includes(name) && (result.size === "long" || kept[name]?.size !== "long")) kept[name] = result;
  const known = Object.entries(kept).filter(([name]) => scenarios.some((scenario) => scenario.name === name));
  const text = JSON.stringify(Object.fromEntries(known.toSorted(([a], [b]) => a.localeCompare(b))), null, 2);
  // Numbers of cases on one line, as the formatter has them.
  writeFileSync(file, `${text.replaceAll(/\[[\d,\s]+\]/g, (list) => list.replaceAll(/\s+/g, "").replaceAll(",", ", "))}\n`);
}

async function runProgram(path: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(path, import.meta.url)), ...args], { stdio: "inherit" });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) process.exitCode = 1;
}
