import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compare, renderPage, renderTable, type Results } from "../../bench/report.ts";
import { ROWS, verdict } from "../../bench/rows.ts";
import { median, percentile } from "../../bench/statistics.ts";

const samples: Results = {
  at: "2026-01-02T03:04:05.000Z",
  mode: "quick",
  machine: { node: "v26.0.0", cpu: "Test", cores: 2, fsyncMs: { p50: 0.5, p99: 2 } },
  measured: [
    { row: "throughput", value: 1234.5, bare: 24_690 },
    { row: "help", value: 71.46, bare: 44.8, note: "warm" },
    { row: "rss", value: 93, bare: 46.5 },
    { row: "pss", value: 90 },
  ],
};
const withValue = (row: string, value: number): Results => ({
  ...samples,
  measured: samples.measured.map((one) => (one.row === row ? { ...one, value } : one)),
});

describe("the table of the bench", () => {
  test("has one line per measured row, in the order of the budget, with verdict, bare figure and ratio", () => {
    assert.deepEqual(renderTable(samples).split("\n").slice(2), [
      "| `clanker --help`: warm | **71.5 ms** | < 100 | < 60 | ok | 44.8 ms | 1.6x |  |",
      "| idle RSS of the same | **93 MB** | < 90 | < 80 | gap | 46.5 MB | 2x |  |",
      "| idle PSS of the same (shared pages counted in part) | **90 MB** |  |  |  |  |  |  |",
      "| turns per second, durable SQLite, 100 sessions | **1,235 turns/s** | > 500 | > 1,000 | aim | 24,690 turns/s | 0.05x |  |",
    ]);
  });

  test("names what got worse than the baseline by more than 15 %, whichever direction is better", () => {
    assert.deepEqual(compare(withValue("help", 82), samples), []);
    assert.deepEqual(compare(withValue("help", 100), samples), ["help: 71.5 -> 100 ms (40 %)"]);
    assert.deepEqual(compare(withValue("throughput", 900), samples), ["throughput: 1,235 -> 900 turns/s (-27 %)"]);
    assert.deepEqual(compare(withValue("throughput", 9000), samples), []);
    assert.match(renderTable(withValue("help", 100), samples), /\| 71\.5 \(worse\) \|/);
  });

  test("says so when the baseline is of another machine", () => {
    const elsewhere = { ...withValue("help", 100), machine: { ...samples.machine, cpu: "Other" } };
    assert.match(compare(elsewhere, samples)[0]!, /another machine/);
  });

  test("is on the page with the machine it was measured on", () => {
    const page = renderPage(samples);
    assert.match(page, /2 cores \(Test\), Node v26\.0\.0/);
    assert.ok(page.includes(renderTable(samples)));
  });
});

describe("the figures of the bench", () => {
  test("every row with a budget aims higher than it must", () => {
    for (const row of ROWS) {
      if (row.must === undefined) continue;
      assert.equal(verdict(row, row.aim!), "ok");
      assert.equal(verdict(row, row.must), "gap");
    }
  });

  test("percentiles lie between their neighbours, and of nothing there is none", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1]), 2.5);
    assert.equal(percentile([0, 100], 0.99), 99);
    assert.ok(Number.isNaN(median([])));
  });
});
