import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createTelegram } from "../../../src/channels/telegram/index.ts";
import type { ChannelDeps } from "../../../src/core/channel.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createScripted, reply } from "../../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { openHouse, POLICY } from "../../fakes/house.ts";
import { createLoopChannel } from "../../fakes/loop-channel.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";
import { createRecordingIntake, type RecordingIntake } from "../recording-intake.ts";
import { type Bench, createBench } from "./harness.ts";

const HOOK_SECRET = "hook-secret_1";

/** The adapter in webhook mode behind a real listener. */
async function withWebhook(body: (bench: Bench, url: string) => Promise<void>): Promise<void> {
  let bench: Bench | undefined;
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const response = await bench!.channel.webhook!(
        new Request("http://gateway/hook", { method: "POST", headers: incoming.headers as Record<string, string>, body: Buffer.concat(chunks) }),
      );
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end();
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  try {
    bench = await createBench({ config: { mode: "webhook", webhook_url: url, webhook_secret: new Secret("hook", HOOK_SECRET) } });
    bench.start();
    await bench.telegram.until(() => bench!.channel.status().state === "ready");
    await body(bench, url);
  } finally {
    await bench?.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  }
}

const post = (bench: Bench, secret: string | undefined, body: string, method = "POST") =>
  bench.channel.webhook!(
    new Request("http://gateway/hook", {
      method,
      headers: secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret },
      ...(method === "POST" ? { body } : {}),
    }),
  );

describe("telegram webhook", () => {
  test("updates posted by Telegram arrive with the same keys as by poll, and are then gone there", () =>
    withWebhook(async (bench, url) => {
      assert.deepEqual(bench.telegram.webhook, { url, secret: HOOK_SECRET });
      const message = bench.telegram.say({ text: "hi" });
      await bench.telegram.until(() => bench.telegram.pending.length === 0);
      assert.equal(bench.intake.updates[0]?.key, `msg:42:${message.message_id}`);
      assert.deepEqual(bench.telegram.webhookAnswers, [200]);
      assert.equal(bench.telegram.callsOf("getUpdates").length, 0);
    }));

  test("fault-58 while nothing can be stored it answers 503 with Retry-After, and the update comes again", () =>
    withWebhook(async (bench) => {
      bench.intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 2_500 }), 2);
      bench.telegram.say({ text: "keep me" });
      await bench.telegram.until(() => bench.telegram.pending.length === 0);
      assert.deepEqual(bench.telegram.webhookAnswers, [503, 503, 200]);
      assert.equal(bench.intake.updates.length, 1);
      bench.intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 2_500 }));
      const refused = await post(
        bench,
        HOOK_SECRET,
        JSON.stringify({ update_id: 5, message: { message_id: 1, date: 1, chat: { id: 42, type: "private" }, text: "x" } }),
      );
      assert.equal(refused.headers.get("retry-after"), "3");
    }));

  test("200 is answered only after the commit", () =>
    withWebhook(async (bench) => {
      bench.intake.hold();
      bench.telegram.say({ text: "slow" });
      await bench.intake.until(() => bench.intake.begun === 1);
      assert.deepEqual(bench.telegram.webhookAnswers, []);
      bench.intake.release();
      await bench.telegram.until(() => bench.telegram.webhookAnswers.length === 1);
    }));

  test("sec-104 without the right secret nothing is read", () =>
    withWebhook(async (bench) => {
      for (const secret of [undefined, "", "hook-secret_2", `${HOOK_SECRET}x`, HOOK_SECRET.slice(0, -1)])
        assert.equal((await post(bench, secret, "{}")).status, 401);
      assert.equal(bench.intake.begun, 0);
    }));

  test("sec-107 what is no update or too long is refused", () =>
    withWebhook(async (bench) => {
      assert.equal((await post(bench, HOOK_SECRET, "not json")).status, 400);
      assert.equal((await post(bench, HOOK_SECRET, "null")).status, 400);
      assert.equal((await post(bench, HOOK_SECRET, "x".repeat(1_000_001))).status, 413);
      assert.equal((await post(bench, HOOK_SECRET, "", "GET")).status, 405);
    }));

  test("the same update posted twice is one", () =>
    withWebhook(async (bench) => {
      const body = JSON.stringify({
        update_id: 5,
        message: { message_id: 1, date: 1, chat: { id: 42, type: "private" }, from: { id: 42, is_bot: false, first_name: "A" }, text: "x" },
      });
      assert.deepEqual([(await post(bench, HOOK_SECRET, body)).status, (await post(bench, HOOK_SECRET, body)).status], [200, 200]);
      assert.equal(bench.intake.updates.length, 1);
    }));

  test("sec-106 a signed post that comes again, at once, with other headers, under another update_id or after a restart, has one effect", async () => {
    const store = createMemoryStore({});
    const clock = createManualClock();
    const asked: string[] = [];
    const script = createScripted((request) => reply(`answer ${asked.push(JSON.stringify(request.entries.length))}`), { clock });
    const start = () =>
      openHouse({ store, clock, provider: script, channel: createLoopChannel("telegram"), place: { policy: { ...POLICY, ownerIds: ["42"] } } });
    let house = await start();
    const intake = { ...createRecordingIntake(), receive: (...given: Parameters<RecordingIntake["receive"]>) => house.hall.intake.receive(...given) };
    const bench = await createBench({
      intake,
      config: { mode: "webhook", webhook_url: "http://127.0.0.1:9/hook", webhook_secret: new Secret("hook", HOOK_SECRET) },
    });
    bench.start();
    await bench.telegram.until(() => bench.channel.status().state === "ready");
    const post = async (update_id: number, headers: Record<string, string> = {}) => {
      const message = { message_id: 1, date: 1, chat: { id: 42, type: "private" }, from: { id: 42, is_bot: false, first_name: "A" }, text: "hello" };
      const body = JSON.stringify({ update_id, message });
      const answer = await bench.channel.webhook!(
        new Request("http://gateway/hook", { method: "POST", headers: { "x-telegram-bot-api-secret-token": HOOK_SECRET, ...headers }, body }),
      );
      await clock.advance(1_000);
      return answer.status;
    };
    const altered: Record<string, string>[] = [
      {},
      { "idempotency-key": "2" },
      { "x-request-id": "3", date: "Thu, 01 Jan 1970 00:00:00 GMT" },
      { "x-forwarded-for": "9.9.9.9" },
    ];
    for (const headers of altered) assert.equal(await post(5, headers), 200);
    assert.equal(await post(99), 200);
    await house.stop();
    house = await start();
    for (const headers of altered) assert.equal(await post(5, headers), 200);
    assert.equal(await post(6, { "x-telegram-bot-api-secret-token": "altered" }), 401);
    assert.equal(asked.length, 1);
    assert.equal((await store.listTurns({ limit: 9 })).length, 1);
    await bench.close();
    await house.stop();
    await store.close();
  });

  test("sec-104 webhook mode without a usable secret is a config error; in polling mode there is no webhook", async () => {
    const config = {
      account: "default",
      token: new Secret("t", "1:x"),
      api_root: "http://127.0.0.1:9",
      mode: "webhook",
      webhook_url: "https://a.b",
      streaming: true,
    } as const;
    for (const secret of [undefined, "", "   ", "with space"]) {
      const webhook_secret = secret === undefined ? {} : { webhook_secret: new Secret("hook", secret) };
      assert.throws(() => createTelegram({ ...config, ...webhook_secret }, {} as ChannelDeps), { name: "ConfigError", code: "telegram_webhook_config" });
    }
    const bench = await createBench();
    try {
      assert.equal((await post(bench, "", "{}")).status, 404);
    } finally {
      await bench.close();
    }
  });
});
