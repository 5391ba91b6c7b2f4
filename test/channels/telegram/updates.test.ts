import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startFakeTelegram } from "../../fakes/telegram/index.ts";
import { createBench, withBench } from "./harness.ts";

const state = (bench: { channel: { status(): { state: string } } }) => bench.channel.status().state;

describe("telegram polling", () => {
  test("fault-4 offset N is confirmed only after the rows up to N and the cursor are committed", async () => {
    const violations: string[] = [];
    const committed = () => Number(bench.intake.cursors.at(-1)?.value ?? 0);
    const bench = await createBench({
      fake: { onConfirm: (ids) => ids.some((id) => id >= committed()) && violations.push(`confirmed ${ids.join()} before ${committed()}`) },
    });
    try {
      bench.start();
      for (let i = 0; i < 300; i++) {
        bench.telegram.say({ text: `m${i}` });
        if (i % 50 === 10) bench.telegram.failNext("getUpdates", 502, "<html>bad gateway</html>");
        if (i % 50 === 30) bench.telegram.dropBeforeProcessing("getUpdates");
      }
      await bench.telegram.until(() => bench.telegram.pending.length === 0 && bench.intake.updates.length === 300);
      assert.deepEqual(violations, []);
      assert.deepEqual(
        bench.intake.updates.map((update) => update.type === "message" && update.messageId),
        Array.from({ length: 300 }, (_, i) => String(i + 1)),
      );
      assert.equal(bench.telegram.simultaneousPolls, 0);
    } finally {
      await bench.close();
    }
  });

  test("a restart polls from the stored cursor", async () => {
    const bench = await createBench({ cursor: "1001" });
    try {
      bench.telegram.say({ text: "old, already committed" });
      bench.telegram.say({ text: "new" });
      bench.start();
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.equal(bench.telegram.callsOf("getUpdates")[0]?.args.offset, 1001);
      assert.deepEqual(bench.telegram.confirmed[0]?.ids, [1000]);
    } finally {
      await bench.close();
    }
  });

  test("fault-45 another poller makes it degraded, and it is well again after that one has left", () =>
    withBench(async (bench) => {
      bench.telegram.rival(true);
      await bench.telegram.until(() => bench.channel.status().code === "telegram_conflict");
      assert.equal(state(bench), "degraded");
      bench.telegram.say({ text: "meanwhile" });
      bench.telegram.rival(false);
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.telegram.until(() => state(bench) === "ready");
      assert.equal(bench.telegram.simultaneousPolls, 0);
    }));

  test("fault-43 a poll that hangs is given up and repeated, and sends do not hide it", () =>
    withBench(
      async (bench) => {
        bench.telegram.addChat({ id: 42 });
        await bench.telegram.until(() => bench.telegram.polling);
        bench.telegram.hangNextPoll();
        bench.telegram.say({ text: "ends the good poll" });
        await bench.telegram.until(() => state(bench) === "degraded");
        await bench.channel.send(bench.channel.render({ parts: [{ type: "text", text: "still sending" }] })[0]!, {
          address: { channel: "telegram", account: "default", conversation: "42" },
          nonce: "n",
          signal: AbortSignal.timeout(5_000),
        });
        bench.telegram.say({ text: "heard again" });
        await bench.intake.until(() => bench.intake.updates.length === 2);
        await bench.telegram.until(() => state(bench) === "ready");
      },
      { timing: { pollSeconds: 1, graceMs: 300, minBackoffMs: 100, maxBackoffMs: 200 } },
    ));

  test("fault-48 a chat where nothing happens is polled on and on: it stays ready, and nothing is started again", () =>
    withBench(
      async (bench) => {
        const states = new Set<string>();
        await bench.telegram.until(() => {
          states.add(state(bench));
          return bench.telegram.callsOf("getUpdates").length >= 4;
        });
        assert.deepEqual([...states], ["ready"]);
        assert.equal(bench.telegram.callsOf("getMe").length, 1);
      },
      { timing: { pollSeconds: 1 } },
    ));

  test("fault-50 polls that break again and again make it degraded, nothing is lost or taken twice, and it is well again", () =>
    withBench(async (bench) => {
      const { telegram, intake } = bench;
      for (let round = 1; round <= 3; round += 1) {
        const polls = telegram.callsOf("getUpdates").length;
        telegram.dropBeforeProcessing("getUpdates");
        telegram.failNext("getUpdates", 502, "<html>bad gateway</html>");
        // The poll under way ends with it; the next two break.
        telegram.say({ text: `round ${round}` });
        await telegram.until(() => telegram.callsOf("getUpdates").length >= polls + 3 && state(bench) === "ready");
        await intake.until(() => intake.updates.length === round);
      }
      assert.equal(new Set(intake.updates.map(({ key }) => key)).size, 3);
      assert.equal(telegram.simultaneousPolls, 0);
    }));

  test("a refused token is failed with a hint, and mended when Telegram takes it again", () =>
    withBench(async (bench) => {
      bench.telegram.revokeToken();
      await bench.telegram.until(() => state(bench) === "failed");
      assert.equal(bench.channel.status().code, "telegram_token_refused");
      assert.match(bench.channel.status().detail ?? "", /BotFather/);
      bench.telegram.restoreToken();
      await bench.telegram.until(() => state(bench) === "ready");
    }));

  test("fault-23 a poll told to wait waits that long", () =>
    withBench(async (bench) => {
      const since = performance.now();
      bench.telegram.failNext("getUpdates", 429, { parameters: { retry_after: 1 } });
      bench.telegram.say({ text: "ends the running poll" });
      await bench.telegram.until(() => bench.channel.status().code === "telegram_rate_limited");
      const polls = bench.telegram.callsOf("getUpdates").length;
      await bench.telegram.until(() => bench.telegram.callsOf("getUpdates").length > polls);
      assert.ok(performance.now() - since > 990);
    }));

  test("a webhook somebody set is removed at the start, with nothing lost", async () => {
    const bench = await createBench();
    try {
      await fetch(`${bench.telegram.url}/bot${bench.telegram.token}/setWebhook?url=http://127.0.0.1:9/hook`);
      bench.telegram.say({ text: "waiting" });
      bench.start();
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.equal(bench.telegram.webhook, undefined);
      assert.notEqual(bench.telegram.callsOf("deleteWebhook")[0]?.args.drop_pending_updates, true);
      assert.match(bench.logs(), /webhook removed/);
    } finally {
      await bench.close();
    }
  });

  test("a malformed update is skipped with a log, its offset advances, the others arrive", () =>
    withBench(async (bench) => {
      bench.telegram.raw({ message: { text: "without a chat" } });
      bench.telegram.say({ text: "fine" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.telegram.until(() => bench.telegram.pending.length === 0);
      assert.match(bench.logs(), /update skipped/);
    }));

  test("identity and commands are known after the start", () =>
    withBench(async (bench) => {
      assert.equal(bench.channel.status().identity, "@fake_clanker_bot");
      await bench.telegram.until(() => bench.telegram.commands.length > 0);
      assert.deepEqual(
        bench.telegram.commands.map((one) => one.command),
        ["help", "new", "stop", "status", "model", "think", "usage", "compact", "whoami"],
      );
    }));

  test("sec-34 the press of a stranger is not even answered, an admitted one is", () =>
    withBench(async (bench) => {
      bench.intake.outcome = (update) =>
        update.sender.id === "42" ? { kind: "context", messageId: "m", sessionId: "s" } : { kind: "refused", reason: "unknown" };
      bench.telegram.press({ chat: 666, messageId: 1, from: 666, data: "x" });
      const admitted = bench.telegram.press({ chat: 42, messageId: 1, data: "y" });
      await bench.telegram.until(() => bench.telegram.callsOf("answerCallbackQuery").length === 1);
      assert.equal(bench.telegram.callsOf("answerCallbackQuery")[0]?.args.callback_query_id, admitted);
    }));

  test("the fake itself ends an older poll with 409 and keeps what is not confirmed", async () => {
    const telegram = await startFakeTelegram();
    try {
      const poll = async (query: string) =>
        (await fetch(`${telegram.url}/bot${telegram.token}/getUpdates?${query}`)).json() as Promise<{
          ok: boolean;
          error_code?: number;
          result?: { update_id: number }[];
        }>;
      const older = poll("timeout=20");
      await telegram.until(() => telegram.polling);
      const newer = poll("timeout=20");
      assert.equal((await older).error_code, 409);
      telegram.say({ text: "x" });
      assert.deepEqual(
        (await newer).result?.map((one) => one.update_id),
        [1000],
      );
      assert.deepEqual((await poll("timeout=0")).result?.length, 1);
      assert.deepEqual((await poll("timeout=0&offset=1001")).result, []);
      assert.equal(telegram.simultaneousPolls, 1);
    } finally {
      await telegram.close();
    }
  });
});
