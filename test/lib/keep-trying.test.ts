import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import { type MetricLabels, silentMetrics } from "../../src/core/metrics.ts";
import { keepChecking, keepConnected, tryUntilDone, type Trying } from "../../src/lib/keep-trying/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** An account whose pauses have no chance in them, and what it has told. */
function bench() {
  const clock = createManualClock();
  const stop = new AbortController();
  const counted: string[] = [];
  const account = {
    config: { account: "home" },
    timing: { minBackoffMs: 1_000, maxBackoffMs: 8_000, checkMs: 60_000 },
    deps: {
      clock,
      random: { bytes: (length: number) => new Uint8Array(length), number: () => 1 },
      log: silentLog,
      metrics: { ...silentMetrics, count: (name: string, labels: MetricLabels = {}) => void counted.push(`${name} ${labels["channel"]} ${labels["account"]}`) },
    },
  };
  const troubles: string[] = [];
  const trying: Trying<typeof account> = {
    channel: "post",
    signal: stop.signal,
    async recover(_, error, { backoff, signal }) {
      troubles.push((error as Error).message);
      await backoff.wait(signal);
    },
  };
  return { clock, stop, counted, account, troubles, trying };
}

describe("what is asked until it is answered", () => {
  test("is asked after longer and longer pauses, and not again once it was answered", async () => {
    const { clock, account, trying, troubles } = bench();
    const asked: number[] = [];
    const done = tryUntilDone(account, trying, async () => {
      asked.push(clock.monotonic());
      if (asked.length < 4) throw new Error(`no ${asked.length}`);
    });
    await clock.advance(60_000);
    assert.equal(await done, true);
    assert.deepEqual(asked, [0, 1_000, 3_000, 7_000]);
    assert.deepEqual(troubles, ["no 1", "no 2", "no 3"]);
    assert.equal(clock.pending(), 0);
  });

  test("is given up at a stop, without another word about it", async () => {
    const { clock, stop, account, trying, troubles } = bench();
    const refused = tryUntilDone(account, trying, () => Promise.reject(new Error("no")));
    await clock.advance(500);
    stop.abort();
    assert.equal(await refused, false);
    assert.equal(clock.pending(), 0);
    const cut = bench();
    const asking = tryUntilDone(cut.account, cut.trying, async () => {
      cut.stop.abort();
      throw new Error("aborted");
    });
    assert.equal(await asking, false);
    assert.deepEqual([troubles, cut.troubles], [["no"], []]);
  });
});

describe("what is checked", () => {
  test("is checked at its own pace; after a failure sooner, and after a success at that pace again", async () => {
    const { clock, stop, account, trying, troubles, counted } = bench();
    const asked: number[] = [];
    const done = keepChecking(account, trying, async () => {
      asked.push(clock.monotonic());
      if (asked.length === 2 || asked.length === 3 || asked.length === 5) throw new Error(`away ${asked.length}`);
    });
    await clock.advance(125_000);
    stop.abort();
    await done;
    // Had the success not ended the series, the last pause would be 4,000.
    assert.deepEqual(asked, [0, 60_000, 61_000, 63_000, 123_000, 124_000]);
    assert.deepEqual(troubles, ["away 2", "away 3", "away 5"]);
    assert.deepEqual(
      counted,
      Array.from({ length: 3 }, () => "channel_poll_failures post home"),
    );
    assert.equal(clock.pending(), 0);
  });

  test("is checked sooner when it says so", async () => {
    const { clock, stop, account, trying } = bench();
    const asked: number[] = [];
    const done = keepChecking(account, trying, async () => {
      asked.push(clock.monotonic());
      return asked.length === 1 ? 5_000 : undefined;
    });
    await clock.advance(65_000);
    stop.abort();
    await done;
    assert.deepEqual(asked, [0, 5_000, 65_000]);
  });
});

describe("a connection", () => {
  test("is made anew after longer and longer pauses, unless it had lived for a while", async () => {
    const { clock, stop, account, trying, counted } = bench();
    const opened: number[] = [];
    const done = keepConnected(account, trying, async () => {
      opened.push(clock.monotonic());
      if (opened.length === 3) await new Promise<void>((resolve) => clock.timer(60_001, resolve));
      throw new Error("lost");
    });
    await clock.advance(65_000);
    stop.abort();
    await done;
    assert.deepEqual(opened, [0, 1_000, 3_000, 64_001]);
    assert.equal(counted.length, 4);
  });

  test("that ends because the account stops is no trouble", async () => {
    const { stop, account, trying, troubles } = bench();
    await keepConnected(account, trying, async () => {
      stop.abort();
      throw new Error("closed");
    });
    assert.deepEqual(troubles, []);
  });

  test("that ends without a word is a loss: the next one waits", async () => {
    const { clock, stop, account, trying, troubles } = bench();
    let opened = 0;
    const done = keepConnected(account, trying, async () => void (opened += 1));
    await clock.advance(2_000);
    assert.equal(opened, 2);
    stop.abort();
    await done;
    assert.equal(troubles[0], "the connection ended");
  });
});
