import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSlack } from "../../../src/channels/slack/index.ts";
import type { ChannelDeps } from "../../../src/core/channel.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { sign } from "../../fakes/slack/index.ts";
import { type Bench, createBench, SIGNING_SECRET, withBench } from "./harness.ts";

const WEBHOOK = { config: { mode: "webhook" as const }, fake: { retryMs: 50 } };
const now = (seconds = 0) => String(Math.floor(Date.now() / 1_000) + seconds);
const body = (text = "x", ts = "1700000000.000100") =>
  JSON.stringify({ type: "event_callback", team_id: "T1", event: { type: "message", channel: "D42", channel_type: "im", user: "U42", ts, text } });

interface Post {
  readonly body?: string;
  readonly timestamp?: string;
  /** Signed with this secret; undefined: no signature at all. */
  readonly secret?: string | undefined;
  readonly signature?: string;
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

async function post(bench: Pick<Bench, "channel">, given: Post): Promise<Response> {
  const { body: text = body(), timestamp = now(), secret, signature, headers = {}, method = "POST" } = given;
  const signed = signature ?? (secret === undefined ? undefined : sign(secret, timestamp, text));
  return await bench.channel.webhook!(
    new Request("http://gateway/hook", {
      method,
      headers: {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        ...(signed === undefined ? {} : { "x-slack-signature": signed }),
        ...headers,
      },
      ...(method === "POST" ? { body: text } : {}),
    }),
  );
}

describe("slack webhook", () => {
  test("events, presses and slash commands that Slack has signed arrive", () =>
    withBench(async ({ slack, intake }) => {
      slack.say({ text: "hi & bye" });
      slack.command("status");
      await slack.until(() => slack.taken() === 2);
      assert.deepEqual(
        intake.updates.map((update) => update.type === "message" && update.message.parts[0]),
        [
          { type: "text", text: "hi & bye" },
          { type: "text", text: "/status" },
        ],
      );
      assert.deepEqual(slack.deliveries.answers, [200, 200]);
    }, WEBHOOK));

  test("the challenge of Slack's console is answered, signed only", () =>
    withBench(async (bench) => {
      const challenge = JSON.stringify({ type: "url_verification", token: "x", challenge: "3eZbrw1a" });
      const answer = await post(bench, { body: challenge, secret: SIGNING_SECRET });
      assert.deepEqual([answer.status, await answer.text()], [200, "3eZbrw1a"]);
      assert.equal((await post(bench, { body: challenge, secret: "other" })).status, 401);
    }, WEBHOOK));

  test("fault-58 while nothing can be stored it answers 503, and Slack's retry is taken once", () =>
    withBench(async ({ slack, intake, channel }) => {
      intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 2_500 }), 2);
      slack.say({ text: "keep me" });
      await slack.until(() => slack.taken() === 1);
      assert.deepEqual(slack.deliveries.answers, [503, 503, 200]);
      assert.equal(intake.updates.length, 1);
      assert.equal(channel.status().state, "ready");
    }, WEBHOOK));

  test("200 is answered only after the commit", () =>
    withBench(
      async ({ slack, intake }) => {
        intake.hold();
        slack.say({ text: "slow" });
        await intake.until(() => intake.begun === 1);
        assert.deepEqual(slack.deliveries.answers, []);
        intake.release();
        await slack.until(() => slack.taken() === 1);
      },
      { ...WEBHOOK, fake: { retryMs: 5_000 } },
    ));

  test("sec-104 what is not signed with the secret is refused, and nothing is read of it", () =>
    withBench(async (bench) => {
      const good = sign(SIGNING_SECRET, now(), body());
      for (const given of [
        { secret: undefined },
        { secret: "" },
        { secret: `${SIGNING_SECRET}x` },
        { signature: good.slice(0, -1) },
        { signature: good.replace("v0=", "v1=") },
        { signature: "v0=" },
        { signature: good, body: body("other words") },
        { signature: good, timestamp: now(-1) },
      ])
        assert.equal((await post(bench, given)).status, 401);
      assert.equal(bench.intake.begun, 0);
    }, WEBHOOK));

  test("sec-106 a signed request that is posted again has one effect; one of six minutes ago has none", () =>
    withBench(async (bench) => {
      const timestamp = now();
      const first = { secret: SIGNING_SECRET, timestamp };
      assert.equal((await post(bench, first)).status, 200);
      assert.equal((await post(bench, { ...first, headers: { "x-slack-retry-num": "7", "idempotency-key": "other" } })).status, 200);
      assert.equal(bench.intake.updates.length, 1);
      assert.equal((await post(bench, { secret: SIGNING_SECRET, timestamp: now(-360) })).status, 401);
      assert.equal((await post(bench, { secret: SIGNING_SECRET, timestamp: now(360) })).status, 401);
      for (const wrong of ["", "abc", "1e9", "-1"]) assert.equal((await post(bench, { secret: SIGNING_SECRET, timestamp: wrong })).status, 401);
    }, WEBHOOK));

  test("sec-107 a body without a signature is not read; one that is too long or no payload is refused", () =>
    withBench(async (bench) => {
      let pulled = 0;
      const endless = new ReadableStream<Uint8Array>(
        { pull: (controller) => controller.enqueue(new Uint8Array(((pulled += 1), 65_536))) },
        { highWaterMark: 0 },
      );
      const request = new Request("http://gateway/hook", { method: "POST", body: endless, duplex: "half" } as RequestInit);
      assert.equal((await bench.channel.webhook!(request)).status, 401);
      assert.equal(pulled, 0);
      const signed = { secret: SIGNING_SECRET };
      assert.equal((await post(bench, { ...signed, body: "x".repeat(1_000_001) })).status, 413);
      for (const text of ["not json", "null", "[]", "{}", '{"type":"event_callback"}', '{"type":"event_callback","event":{}}']) {
        assert.equal((await post(bench, { ...signed, body: text })).status, 400);
      }
      const form = { "content-type": "application/x-www-form-urlencoded" };
      for (const text of ["", "payload=", "payload=null", "a=b"]) assert.equal((await post(bench, { ...signed, body: text, headers: form })).status, 400);
      assert.equal((await post(bench, { ...signed, method: "GET" })).status, 405);
      assert.equal(bench.intake.begun, 0);
    }, WEBHOOK));

  test("sec-104 without a usable secret webhook mode is a config error; in socket mode there is no webhook", async () => {
    const config = {
      account: "default",
      bot_token: new Secret("t", "xoxb-x"),
      api_root: "http://127.0.0.1:9",
      files_root: "http://127.0.0.1:9",
      mode: "webhook",
      streaming: true,
      reply_in_thread: true,
    } as const;
    for (const secret of [undefined, "", "   "]) {
      const signing = secret === undefined ? {} : { signing_secret: new Secret("s", secret) };
      assert.throws(() => createSlack({ ...config, ...signing }, {} as ChannelDeps), { name: "ConfigError", code: "slack_mode_config" });
    }
    const bench = await createBench();
    try {
      assert.equal((await post(bench, { secret: SIGNING_SECRET })).status, 404);
    } finally {
      await bench.close();
    }
  });

  test("fault-51 a token that is revoked shows, and so does its return", () =>
    withBench(async ({ slack, channel }) => {
      slack.revokeToken();
      await slack.until(() => channel.status().code === "slack_token_refused");
      assert.equal(channel.status().state, "failed");
      slack.restoreToken();
      await slack.until(() => channel.status().state === "ready");
    }, WEBHOOK));
});
