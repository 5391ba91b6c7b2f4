import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compare, fillPage, missed, renderTable, type Results } from "../../bench/report.ts";
import { ROWS, verdict } from "../../bench/rows.ts";
import { median, percentile } from "../../bench/statistics.ts";

const samples: Results = {
  at: "2026-01-02T03:04:05.000Z",
  mode: "quick",
  machine: { node: "v26.0.0", cpu: "Test", cores: 2, fsyncMs: { p50: 0.5, p99: 2 }, othersShare: 0.02 },
  measured: [
    { row: "throughput", value: 1234.5, beside: { value: 24_690, name: "echoes" } },
    { row: "help", value: 71.46, beside: { value: 44.8 }, note: "warm" },
    { row: "rss", value: 93, beside: { value: 46.5 } },
    { row: "pss", value: 90 },
  ],
  absent: { peer: "not installed" },
};
const withValue = (row: string, value: number): Results => ({
  ...samples,
  measured: samples.measured.map((one) => (one.row === row ? { ...one, value } : one)),
});

describe("the table of the bench", () => {
  test("has one line per measured row, in the order of the budget, with verdict, what was measured beside it, and the ratio", () => {
    assert.deepEqual(renderTable(samples).split("\n").slice(2), [
      "| `clanker --help`: warm | **71.5 ms** | < 100 | < 60 | ok | 44.8 ms (bare Node) | 1.6x |",
      "| idle RSS of the same | **93 MB** | < 90 | < 80 | missed | 46.5 MB (bare Node) | 2x |",
      "| idle PSS of the same (shared pages counted in part) | **90 MB** |  |  |  |  |  |",
      "| turns per second, durable SQLite, 100 sessions | **1,235 turns/s** | > 500 | > 1,000 | aim | 24,690 turns/s (echoes) | 0.05x |",
    ]);
    assert.deepEqual(missed(samples), ["idle RSS of the same: 93 MB, must be < 90"]);
  });

  test("names what got worse than the baseline by more than 15 %, whichever direction is better", () => {
    assert.deepEqual(compare(withValue("help", 82), samples), []);
    assert.deepEqual(compare(withValue("help", 100), samples), ["help: 71.5 -> 100 ms (40 %)"]);
    assert.deepEqual(compare(withValue("throughput", 900), samples), ["throughput: 1,235 -> 900 turns/s (-27 %)"]);
    assert.deepEqual(compare(withValue("throughput", 9000), samples), []);
    assert.match(renderTable(withValue("help", 100), { baseline: samples }), /\| 71\.5 \(worse\) \|/);
  });

  test("says so when the baseline is of another machine", () => {
    const elsewhere = { ...withValue("help", 100), machine: { ...samples.machine, cpu: "Other" } };
    assert.match(compare(elsewhere, samples)[0]!, /another machine/);
  });

  test("stands on the page in the blocks of its groups, beside what people wrote", () => {
    const page = "before\n<!-- bench: machine -->\n<!-- /bench -->\n<!-- bench: idle -->\nold\n<!-- /bench -->\n<!-- bench: peer -->\n<!-- /bench -->\nafter";
    const filled = fillPage(page, samples);
    assert.match(filled, /^before\n<!-- bench: machine -->\n2 cores \(Test\), Node v26\.0\.0/);
    assert.ok(filled.includes(renderTable(samples, { only: "idle" })));
    assert.match(filled, /Not measured: not installed\.\n<!-- \/bench -->\nafter$/);
    assert.equal(fillPage(filled, samples), filled);
    assert.throws(() => fillPage("<!-- bench: nothing -->\n<!-- /bench -->", samples), /no group nothing/);
  });
});

describe("the figures of the bench", () => {
  test("every row with a budget aims higher than it must", () => {
    for (const row of ROWS) {
      if (row.must === undefined) continue;
      assert.equal(verdict(row, row.aim!), "ok");
      assert.equal(verdict(row, row.must), "missed");
    }
  });

  test("percentiles lie between their neighbours, and of nothing there is none", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1]), 2.5);
    assert.equal(percentile([0, 100], 0.99), 99);
    assert.ok(Number.isNaN(median([])));
  });
});
