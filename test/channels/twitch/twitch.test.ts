import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { twitchConfig } from "../../../src/channels/twitch/config.ts";
import { ChannelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { BOT, CHAT } from "../../fakes/twitch/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const heard = (bench: Bench) =>
  bench.intake.updates.map((update) => update.type === "message" && [update.addressed, (update.message.parts[0] as { text: string }).text]);
const send = (bench: Bench, text: string, more = {}) => bench.channel.send(bench.channel.render(textMessage(text))[0]!, target(more));
const failing = (code: string, failure: ChannelError["failure"]) => (error: unknown) => {
  assert.ok(error instanceof ChannelError, String(error));
  assert.deepEqual([error.code, error.failure], [code, failure]);
  return true;
};

describe("twitch: what people write", () => {
  test("sec-30 people are their ids; what names or answers us is said to us; our own words and another chat's are not", () =>
    withBench(async (bench) => {
      const { twitch, intake } = bench;
      twitch.chat({ text: "nobody in particular" });
      twitch.chat({ text: "@Clanker what time is it?" });
      twitch.chat({ text: "clanker: and now?" });
      twitch.chat({ text: "hey you", fragments: [{ type: "mention", text: "@x", mention: { user_id: BOT, user_login: "x", user_name: "x" } }] });
      const reply = { parent_message_id: "p1", parent_message_body: "I said", parent_user_id: BOT, parent_user_name: "Clanker" };
      const id = twitch.chat({ text: "really?", reply, from: "2" });
      twitch.chat({ text: "our own", from: BOT });
      twitch.chat({ text: "from next door", source: "200" });
      twitch.chat({ text: "clankers are not meant" });
      await intake.until(() => intake.updates.length === 6);
      assert.deepEqual(heard(bench), [
        [false, "nobody in particular"],
        [true, "what time is it?"],
        [true, "and now?"],
        [true, "hey you"],
        [true, "really?"],
        [false, "clankers are not meant"],
      ]);
      const answer = intake.updates[4]!;
      assert.ok(answer.type === "message");
      assert.deepEqual([answer.key, answer.sender.id, answer.direct, answer.message.replyTo], [`msg:${CHAT}:${id}`, "2", false, "p1"]);
      assert.deepEqual(answer.message.quote, { text: "I said", sender: "Clanker", own: true });
    }));

  test("the same frame twice is one message; a deletion names its author", () =>
    withBench(async (bench) => {
      const id = bench.twitch.chat({ text: "once" });
      bench.twitch.chat({ text: "once", id });
      bench.twitch.remove(id);
      await bench.intake.until(() => bench.intake.updates.length === 2);
      const [, deletion] = bench.intake.updates;
      assert.deepEqual([deletion?.type, deletion?.key, deletion?.sender.id], ["deletion", `del:${CHAT}:${id}`, "1"]);
    }));
});

describe("twitch: the connection", () => {
  test("fault-47 asked to move, it is on the new socket before it leaves the old one: nothing is lost, nothing subscribed twice", () =>
    withBench(async (bench) => {
      const { twitch, intake } = bench;
      const subscribed = twitch.calls.filter((call) => call.endsWith("/subscriptions")).length;
      twitch.move();
      twitch.chat({ text: "into the move" });
      await twitch.until(() => twitch.sockets.size === 2);
      await twitch.until(() => twitch.sockets.size === 1);
      twitch.chat({ text: "after it" });
      await intake.until(() => intake.updates.length === 2);
      assert.deepEqual(heard(bench), [
        [false, "into the move"],
        [false, "after it"],
      ]);
      assert.equal(twitch.calls.filter((call) => call.endsWith("/subscriptions")).length, subscribed);
      assert.deepEqual(twitch.wrongs, []);
    }));

  test("fault-43 a socket that says nothing for longer than Twitch allows itself is left, and one that gives no welcome too", () =>
    withBench(
      async (bench) => {
        const { twitch, channel } = bench;
        twitch.mute = true;
        await twitch.until(() => channel.status().code === "twitch_silent");
        twitch.mute = false;
        twitch.keepaliveSeconds = 10;
        await twitch.until(() => channel.status().state === "ready" && twitch.read);
        twitch.keepalive();
        assert.deepEqual(twitch.wrongs, []);
      },
      { timing: { graceMs: 50, welcomeMs: 100 }, prepare: (twitch) => (twitch.keepaliveSeconds = 0.2) },
    ));

  test("fault-51 a lost socket is told of and made anew, its chats subscribed again", () =>
    withBench(
      async (bench) => {
        const { twitch, channel, intake } = bench;
        twitch.cut(4_000);
        await twitch.until(() => channel.status().code === "twitch_socket_lost");
        await twitch.until(() => channel.status().state === "ready");
        twitch.chat({ text: "hello again" });
        await intake.until(() => intake.updates.length === 1);
      },
      { timing: { minBackoffMs: 100 } },
    ));

  test("a chat that may not be read is told of; the others are read", () =>
    withBench(
      async (bench) => {
        const { twitch, channel, intake } = bench;
        twitch.banned.add("200");
        twitch.cut();
        await twitch.until(() => channel.status().code === "twitch_not_in_chat");
        assert.match(channel.status().detail!, /chat of 200/);
        twitch.chat({ text: "still here" });
        await intake.until(() => intake.updates.length === 1);
        twitch.banned.clear();
        twitch.cut();
        await twitch.until(() => channel.status().state === "ready");
        twitch.revoke();
        await twitch.until(() => channel.status().code === "twitch_not_in_chat");
      },
      { config: { channels: [CHAT, "200"] } },
    ));
});

describe("twitch: the tokens", () => {
  test("fault-38 a token that has run out is got anew once, whoever asks", () =>
    withBench(async (bench) => {
      const { twitch } = bench;
      assert.equal(twitch.refreshes, 1);
      twitch.expire();
      await Promise.all(["one", "two", "three"].map((text) => send(bench, text)));
      assert.deepEqual([twitch.refreshes, twitch.sent.length], [2, 3]);
    }));

  test("the token is looked at every hour: one that was withdrawn is told of", () =>
    withBench(
      async (bench) => {
        const { twitch, channel } = bench;
        const looks = () => twitch.calls.filter((call) => call === "GET /oauth2/validate").length;
        await twitch.until(() => looks() > 2);
        twitch.scopes = ["user:read:chat"];
        await twitch.until(() => channel.status().code === "twitch_scope_missing");
        assert.equal(channel.status().state, "failed");
      },
      { timing: { validateMs: 30 } },
    ));

  test("refused tokens are told as such", async () => {
    const bench = await createBench({ config: { refresh_token: new Secret("refresh", "wrong") } });
    try {
      bench.start();
      await bench.twitch.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "twitch_token_refused");
      await assert.rejects(send(bench, "hi"), failing("twitch_unreachable", "retry"));
    } finally {
      await bench.close();
    }
  });
});

describe("twitch: what the assistant writes", () => {
  test("one line that calls nobody and is no command, as an answer where it is one", () =>
    withBench(async (bench) => {
      await send(bench, "**hi** @ann,\n\n- see [this](https://a.test)", { replyTo: "m1" });
      await send(bench, "/ban ann");
      const [first, second] = bench.twitch.sent;
      assert.equal(first?.message, "hi @\u200bann, • see this (https://a.test)");
      assert.equal(first?.reply_parent_message_id, "m1");
      assert.equal(second?.message, "\u200b/ban ann");
      assert.deepEqual(bench.twitch.wrongs, []);
    }));

  test("fault-23 fault-24 what Twitch drops was not sent: for a while or for good, as its reason says", () =>
    withBench(async (bench) => {
      const dropped = (code: string) =>
        bench.twitch.faults.push({ status: 200, body: { data: [{ message_id: "", is_sent: false, drop_reason: { code, message: "x" } }] } });
      for (const code of ["msg_slowmode", "slow_mode", "msg_duplicate"]) {
        dropped(code);
        await assert.rejects(send(bench, "hi"), failing("twitch_rate_limited", "retry"));
      }
      dropped("automod_held");
      await assert.rejects(send(bench, "hi"), failing("twitch_dropped", "permanent"));
      for (const [status, code, failure] of [
        [403, "twitch_not_allowed", "permanent"],
        [422, "twitch_refused", "permanent"],
        [500, "twitch_error", "unknown"],
      ] as const) {
        bench.twitch.faults.push({ status });
        await assert.rejects(send(bench, "hi"), failing(code, failure));
      }
      bench.twitch.faults.push({ status: 429, headers: { "ratelimit-reset": String(Math.floor(Date.now() / 1_000) + 37) } });
      await assert.rejects(
        send(bench, "hi"),
        (error: unknown) => error instanceof ChannelError && error.retryAfterMs! > 30_000 && error.retryAfterMs! <= 37_000,
      );
    }));

  test("not more is said in half a minute than an account may that is no moderator", () =>
    withBench(async (bench) => {
      for (let i = 0; i < 20; i++) await send(bench, `line ${i}`);
      await assert.rejects(send(bench, "one too many"), failing("twitch_rate_limited", "retry"));
      assert.equal(bench.twitch.sent.length, 20);
    }));

  test("a message is deleted where the config allows it, and Twitch's answer is told", async () => {
    await withBench(async (bench) => {
      const remove = (messageId: string) => bench.channel.actions!.delete!({ address: target().address, messageId, signal: new AbortController().signal });
      const id = bench.twitch.chat({ text: "buy this" });
      await remove(id);
      assert.deepEqual(bench.twitch.deleted, [id]);
      await assert.rejects(remove("not-there"), failing("twitch_refused", "permanent"));
    });
    const bench = await createBench({ config: { moderate: false } });
    assert.deepEqual(bench.channel.actions, {});
    await bench.close();
  });
});

test("twitch: sec-30 the config takes ids and no names, and all that is needed", () => {
  const least = { client_id: "0123456789abcdef", client_secret: new Secret("a", "a"), refresh_token: new Secret("b", "b"), channels: [100] };
  assert.deepEqual(v.parse(twitchConfig, least).channels, ["100"]);
  for (const wrong of [{ ...least, channels: [] }, { ...least, channels: ["town"] }, { ...least, owner_ids: ["ann"] }, { client_id: "0123456789abcdef" }])
    assert.ok(!v.safeParse(twitchConfig, wrong).success);
  assert.ok(v.safeParse(twitchConfig, { accounts: { second: least } }).success);
});
