/**
 * Lives through many seeds: `node test/sim/run.ts --seeds 200 [--first 1]`, or one of them with all that is known about it: `node test/sim/run.ts --seed 17`.
 * Exit code 1 when a promise was broken in any of them.
 */
import { parseArgs } from "node:util";
import { runWorld, type WorldReport } from "./world.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "200" }, seed: { type: "string" }, first: { type: "string", default: "1" }, steps: { type: "string" } },
});
const options = values.steps === undefined ? {} : { steps: Number(values.steps) };

function show({ seed, violations, recent, counts, climate, steps, lived }: WorldReport): void {
  console.log(recent.join("\n"));
  console.log(JSON.stringify(climate, undefined, 2));
  for (const { promise, text, at } of violations) console.log(`seed ${seed}: ${promise} at ${at.toFixed(0)} ms: ${text}`);
  console.log(`${steps} steps, ${(lived / 3600_000).toFixed(2)} simulated hours, ${JSON.stringify(counts)}`);
}

let broken = 0;
const begun = performance.now();
if (values.seed !== undefined) {
  const report = await runWorld(Number(values.seed), { ...options, keepTrace: true });
  show(report);
  console.log(`trace ${report.hash}`);
  broken = report.violations.length;
} else {
  const [first, count] = [Number(values.first), Number(values.seeds)];
  const totals: Record<string, number> = {};
  for (let seed = first; seed < first + count; seed += 1) {
    const report = await runWorld(seed, options);
    for (const [name, n] of Object.entries({ ...report.counts, steps: report.steps, hours: report.lived / 3600_000 })) totals[name] = (totals[name] ?? 0) + n;
    if (report.violations.length === 0) continue;
    broken += 1;
    const { promise, text } = report.violations[0]!;
    console.log(`seed ${seed}: ${promise}: ${text}`);
  }
  const sums = Object.entries(totals).map(([name, n]) => `${Math.round(n)} ${name}`);
  console.log(`${count} seeds, ${broken} broken, ${((performance.now() - begun) / 1000).toFixed(1)} s; ${sums.join(", ")}`);
}
process.exitCode = broken > 0 ? 1 : 0;
