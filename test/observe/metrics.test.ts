import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createMetrics, SERIES } from "../../src/observe/index.ts";
import { prometheusName } from "../../src/observe/series.ts";

test("what was measured before the first scrape and after it is in the text", async () => {
  const metrics = createMetrics();
  metrics.count("turns_total", { outcome: "done" });
  metrics.count("turns", { outcome: "done" }, 2);
  metrics.gauge("channel_ready", 1, { channel: "telegram", account: "default" });
  metrics.observe("turn_seconds", 0.2);
  const first = await metrics.text();
  assert.match(first, /^clanker_turns_total\{outcome="done"\} 3$/m);
  assert.match(first, /^clanker_channel_ready\{channel="telegram",account="default"\} 1$/m);
  assert.match(first, /^clanker_turn_seconds_bucket\{le="0.25"\} 1$/m);
  assert.match(first, /^clanker_process_resident_memory_bytes \d{7,}$/m);
  assert.match(first, /^clanker_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/m);
  metrics.count("turns_total", { outcome: "failed" });
  assert.match(await metrics.text(), /^clanker_turns_total\{outcome="failed"\} 1$/m);
  metrics.close();
});

test("a name that is not in the table, a missing or a foreign label and nonsense values do no harm", async () => {
  const metrics = createMetrics();
  metrics.count("novelty", { b: "x", a: 'quo"te\n' });
  metrics.count("turns_total", { colour: "blue" });
  metrics.count("turns_total", { outcome: "done" }, Number.NaN);
  metrics.count("turns_total", { outcome: "done" }, -1);
  metrics.gauge("turns_total", 7);
  const text = await metrics.text();
  assert.match(text, /^clanker_novelty_total\{a="quo\\"te\\n",b="x"\} 1$/m);
  assert.match(text, /^clanker_turns_total\{outcome=""\} 1$/m);
  assert.doesNotMatch(text, /outcome="done"/);
  metrics.close();
});

test("label sets are bounded, whoever chooses the labels", async () => {
  const metrics = createMetrics();
  for (let number = 0; number < 2_000; number++) metrics.count("tool_calls_total", { tool: `t${number}`, outcome: "ok" });
  assert.equal((await metrics.text()).match(/^clanker_tool_calls_total\{/gm)?.length, 300);
  metrics.close();
});

test("every series of the table has its prefix, its unit and its help in the text", async () => {
  const metrics = createMetrics();
  const text = await metrics.text();
  for (const series of SERIES) assert.ok(text.includes(`# HELP clanker_${series.name} ${series.help}`), series.name);
  metrics.close();
});

test("metrics that nobody scrapes neither load prom-client nor keep the process alive", async () => {
  const script = `
    import { createMetrics } from "./src/observe/metrics.ts";
    import { createRequire } from "node:module";
    const metrics = createMetrics();
    metrics.count("turns_total", { outcome: "done" });
    const loaded = Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("prom-client"));
    console.log(loaded);
    process.once("exit", () => console.log("over"));
    await Promise.resolve();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
  assert.equal(stdout, "false\nover\n");
});

test("the table lists what the rooms measure, and nothing that nobody measures", () => {
  const src = join(dirname(fileURLToPath(import.meta.url)), "../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts") && !file.startsWith("observe"));
  const text = files.map((file) => readFileSync(join(src, file), "utf8")).join("\n");
  const kinds = { count: "counter", gauge: "gauge", observe: "histogram" } as const;
  const measured = [...text.matchAll(/metrics\.(count|gauge|observe)\(\s*"(\w+)"/g)].map(([, method = "count", name = ""]) =>
    prometheusName(name, kinds[method as keyof typeof kinds]),
  );
  const listed = SERIES.map(({ name, kind }) => prometheusName(name, kind));
  assert.deepEqual([...new Set(measured)].toSorted(), listed.toSorted(), "mend src/observe/series.ts");
});
