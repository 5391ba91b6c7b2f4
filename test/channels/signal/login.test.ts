import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LoginStep } from "../../../src/core/channel.ts";
import { ME, NUMBER } from "../../fakes/signal/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

async function link({ channel, signal }: Bench, scan: () => void, signalOf = AbortSignal.timeout(10_000)): Promise<LoginStep[]> {
  const steps: LoginStep[] = [];
  for await (const step of channel.login!.link({}, signalOf)) {
    steps.push(step);
    if (step.type === "qr") void signal.until(() => signal.scans.length > 0).then(scan);
  }
  return steps;
}

describe("linking a signal account", () => {
  test("a picture is shown, and once it is scanned the account starts by itself", async () => {
    const bench = await createBench({ daemon: { accounts: { "+4900000001": ME } }, timing: { refusedMs: 60_000 } });
    const { signal, channel } = bench;
    try {
      bench.start();
      await signal.until(() => channel.status().code === "signal_account_unknown");
      const steps = await link(bench, () => signal.scans.pop()!(NUMBER, ME));
      assert.deepEqual(steps, [
        { type: "qr", text: "sgnl://linkdevice?uuid=X&pub_key=Y" },
        { type: "linked", identity: ME },
      ]);
      await signal.until(() => channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  test("another phone, a daemon of one account, a code and unlinking are told as what they are", () =>
    withBench(async (bench) => {
      const { signal, channel } = bench;
      await assert.rejects(
        link(bench, () => signal.scans.pop()!("+4900000002", ME)),
        { code: "signal_other_number" },
      );
      assert.ok(!bench.logs().includes("+49"));
      await assert.rejects(channel.login!.link({ phone: "49" }, AbortSignal.timeout(1_000))[Symbol.asyncIterator]().next(), { code: "signal_no_code" });
      await assert.rejects(channel.login!.unlink(), { code: "signal_unlink_on_phone" });
      signal.faults.push({ call: "startLink", error: { code: -1, message: "Device link creation timed out, please try again." } });
      await assert.rejects(
        link(bench, () => {}),
        { code: "signal_refused" },
      );
      const stop = new AbortController();
      assert.equal((await link(bench, () => stop.abort(), stop.signal)).length, 1);
      await withBench(
        async (single) =>
          assert.rejects(
            link(single, () => {}),
            { code: "signal_one_account" },
          ),
        { daemon: { single: true } },
      );
    }));
});
