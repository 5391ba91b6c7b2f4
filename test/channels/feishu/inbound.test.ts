import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { feishuConfig } from "../../../src/channels/feishu/config.ts";
import { decodeFrame, encodeFrame, headerOf } from "../../../src/channels/feishu/frame.ts";
import { createFeishu } from "../../../src/channels/feishu/index.ts";
import type { ChannelDeps } from "../../../src/core/channel.ts";
import { ConfigError, StoreError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Update } from "../../../src/core/update.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, APP, BOT, DIRECT, GROUP } from "../../fakes/feishu/index.ts";
import { APP_SECRET, type Bench, createBench, ENCRYPT_KEY, ready, target, withBench } from "./harness.ts";

const heard = async (bench: Bench, count: number): Promise<Update[]> => {
  await bench.intake.until(() => bench.intake.updates.length >= count);
  return [...bench.intake.updates];
};
const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);
const signal = () => AbortSignal.timeout(10_000);
const mention = (key: string, open_id: string, name: string) => ({ key, id: { open_id, union_id: open_id.replace("ou_", "on_") }, name });

describe("feishu inbound", () => {
  test("in a group only what mentions the bot, or goes on where it has spoken, is said to it; a mention opens a topic", () =>
    withBench(async (bench) => {
      const { feishu, channel } = bench;
      feishu.say("nobody in particular", { chat: GROUP });
      const call = feishu.say("@_user_1 ask @_user_11 and @_all", {
        chat: GROUP,
        message: { mentions: [mention("@_user_1", BOT, "Clanker"), mention("@_user_11", "ou_bob", "Bob")] },
      });
      await heard(bench, 2);
      const sent = await channel.send(channel.render(textMessage("hi"))[0]!, target(GROUP, { thread: call }));
      feishu.say("go on", { chat: GROUP, message: { thread_id: "omt_1", root_id: call, parent_id: call } });
      feishu.say("elsewhere", { chat: GROUP, message: { thread_id: "omt_2", root_id: "om_other", parent_id: "om_other" } });
      feishu.say("you said so", { chat: GROUP, message: { root_id: sent.messageId, parent_id: sent.messageId } });
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map((update) => [update.type === "message" && update.addressed, update.address.thread, parts(update)[0]]),
        [
          [false, undefined, { type: "text", text: "nobody in particular" }],
          [true, call, { type: "text", text: "ask @Bob and @_all" }],
          [true, call, { type: "text", text: "go on" }],
          [false, "om_other", { type: "text", text: "elsewhere" }],
          [true, parts(updates[4]).length > 0 && updates[4]!.type === "message" ? updates[4]!.messageId : "", { type: "text", text: "you said so" }],
        ],
      );
      assert.deepEqual([updates[0]!.direct, updates[0]!.sender.id], [false, ANN]);
      assert.equal(channel.status().identity, "Clanker");
    }));

  test("rich text, places, files and what there is no form for are read by their type", () =>
    withBench(async (bench) => {
      const { feishu, channel } = bench;
      feishu.files.set("img_1", { bytes: Buffer.from("PNG"), type: "image/png" });
      const post = {
        title: "Plan",
        content: [
          [
            { tag: "at", user_id: "@_user_1", user_name: "Clanker" },
            { tag: "text", text: " see " },
            { tag: "a", text: "here", href: "https://a.example" },
          ],
          [{ tag: "img", image_key: "img_1" }],
          [{ tag: "emotion", emoji_type: "SMILE" }, { tag: "hr" }],
          [{ tag: "code_block", language: "GO", text: "x := 1" }],
        ],
      };
      feishu.say(post, { type: "post", id: "om_post", message: { mentions: [mention("@_user_1", BOT, "Clanker")] } });
      feishu.say({ name: "Home", latitude: "35.5", longitude: "139.7" }, { type: "location" });
      feishu.say({ file_key: "file_1", file_name: "a.pdf" }, { type: "file", id: "om_file" });
      feishu.say({ file_key: "file_2", duration: 2_000 }, { type: "audio", id: "om_audio" });
      feishu.say({ file_key: "file_3" }, { type: "sticker" });
      feishu.say({ user_id: "ou_x" }, { type: "share_user" });
      const updates = await heard(bench, 6);
      assert.deepEqual(parts(updates[0]), [
        { type: "text", text: "**Plan**\n\n@Clanker see [here](https://a.example)\n\n:SMILE:---\n```go\nx := 1\n```" },
        { type: "media", media: { kind: "photo", ref: "image:om_post:img_1" } },
      ]);
      assert.deepEqual(parts(updates[1]), [{ type: "location", latitude: 35.5, longitude: 139.7, name: "Home" }]);
      assert.deepEqual(parts(updates[2]), [{ type: "media", media: { kind: "document", ref: "file:om_file:file_1", name: "a.pdf" } }]);
      assert.deepEqual(parts(updates[3]), [{ type: "media", media: { kind: "voice", ref: "file:om_audio:file_2", duration: 2 } }]);
      assert.equal(parts(updates[4])[0]?.type === "media" && "missing" in parts(updates[4])[0]!, false);
      assert.deepEqual(parts(updates[5]), [{ type: "text", text: "[share_user]" }]);
      const fetched = await channel.fetchMedia!({ kind: "photo", ref: "image:om_post:img_1" }, signal());
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type], ["PNG", "image/png"]);
      await assert.rejects(channel.fetchMedia!({ kind: "photo", ref: "image:om_post:img_2" }, signal()), { code: "feishu_refused" });
      await assert.rejects(channel.fetchMedia!({ kind: "photo" }, signal()), { code: "feishu_no_file" });
      feishu.files.set("img_big", { bytes: Buffer.alloc(20_000_001), type: "image/png" });
      await assert.rejects(channel.fetchMedia!({ kind: "photo", ref: "image:om_post:img_big" }, signal()), { code: "feishu_file_too_big" });
    }));

  test("messages taken back, reactions and comings and goings arrive as such, with their place where it is known", () =>
    withBench(async (bench) => {
      const { feishu } = bench;
      const said = feishu.say("first");
      await heard(bench, 1);
      const reaction = {
        message_id: said,
        reaction_type: { emoji_type: "THUMBSUP" },
        operator_type: "user",
        user_id: { open_id: ANN },
        action_time: "1627641418803",
      };
      feishu.dispatch("im.message.reaction.created_v1", reaction);
      feishu.dispatch("im.message.reaction.deleted_v1", reaction);
      feishu.dispatch("im.message.reaction.created_v1", { ...reaction, operator_type: "app" });
      feishu.dispatch("im.message.reaction.created_v1", { ...reaction, message_id: "om_unheard" });
      feishu.dispatch("im.message.recalled_v1", { message_id: said, chat_id: DIRECT, recall_time: "1627641418804", recall_type: "message_owner" });
      feishu.dispatch("im.message.recalled_v1", { message_id: "om_unheard", chat_id: GROUP, recall_time: "1627641418804", recall_type: "group_owner" });
      feishu.dispatch("im.chat.member.bot.added_v1", { chat_id: GROUP, operator_id: { open_id: ANN }, name: "x" });
      feishu.dispatch("im.chat.member.bot.deleted_v1", { chat_id: GROUP, operator_id: { open_id: ANN } });
      feishu.dispatch("im.chat.member.user.added_v1", { chat_id: GROUP, users: [{ user_id: { open_id: "ou_bob" } }, {}] });
      feishu.dispatch("im.chat.member.user.deleted_v1", { chat_id: GROUP, users: [{ user_id: { open_id: "ou_bob" } }] });
      const updates = await heard(bench, 9);
      assert.deepEqual(
        updates.slice(1).map((update) => [update.type, update.sender.id, update.address.conversation, update.direct, "change" in update && update.change]),
        [
          ["reaction", ANN, DIRECT, true, false],
          ["reaction", ANN, DIRECT, true, false],
          ["deletion", ANN, DIRECT, true, false],
          ["deletion", `unknown:${GROUP}`, GROUP, false, false],
          ["membership", ANN, GROUP, false, "joined"],
          ["membership", ANN, GROUP, false, "left"],
          ["membership", "ou_bob", GROUP, false, "joined"],
          ["membership", "ou_bob", GROUP, false, "left"],
        ],
      );
      assert.deepEqual(
        updates.flatMap((update) => (update.type === "reaction" ? [[update.emoji, update.removed]] : [])),
        [
          [":THUMBSUP:", false],
          [":THUMBSUP:", true],
        ],
      );
    }));

  test("people may be known by the id that all apps share; who has none is nobody", () =>
    withBench(
      async (bench) => {
        bench.feishu.dispatch("im.message.receive_v1", {
          sender: { sender_id: { open_id: ANN }, sender_type: "user" },
          message: { message_id: "om_1", chat_id: DIRECT, chat_type: "p2p", message_type: "text", content: '{"text":"x"}' },
        });
        bench.feishu.say("hello");
        const [update] = await heard(bench, 1);
        assert.equal(update!.sender.id, "on_ann");
      },
      { config: { sender_ids: "union_id" } },
    ));

  test("an event for another app, or one that cannot be read, is passed over and does not come again", () =>
    withBench(async (bench) => {
      const { feishu } = bench;
      feishu.dispatch("im.message.receive_v1", {
        message: { message_id: "om_1", chat_id: DIRECT, mentions: 7, message_type: "text" },
        sender: { sender_id: { open_id: ANN } },
      });
      feishu.say("good");
      await feishu.until(() => feishu.taken() === 2);
      assert.deepEqual(parts(bench.intake.updates[0]), [{ type: "text", text: "good" }]);
    }));
});

describe("feishu connection", () => {
  test("what comes in pieces is put together, and the frames are those of the platform", () =>
    withBench(async (bench) => {
      bench.feishu.state.pieces = 3;
      bench.feishu.say("grüße 👋 in drei Teilen");
      assert.deepEqual(parts((await heard(bench, 1))[0]), [{ type: "text", text: "grüße 👋 in drei Teilen" }]);
      // SeqID 1, LogID 300, service 7, method 0, one header type=ping: as protobuf lays it down, by hand.
      const bytes = Uint8Array.from([0x08, 1, 0x10, 0xac, 0x02, 0x18, 7, 0x20, 0, 0x2a, 12, 0x0a, 4, 0x74, 0x79, 0x70, 0x65, 0x12, 4, 0x70, 0x69, 0x6e, 0x67]);
      const frame = decodeFrame(bytes);
      assert.deepEqual(frame, { seqId: 1n, logId: 300n, service: 7, method: 0, headers: [["type", "ping"]] });
      assert.deepEqual(encodeFrame(frame), bytes);
      const full = { ...frame, payloadEncoding: "gzip", payloadType: "json", payload: Uint8Array.from([1, 2]), logIdNew: "l", service: -1 };
      assert.deepEqual(decodeFrame(encodeFrame(full)), full);
      assert.equal(headerOf(frame, "seq"), undefined);
      // Fields of later versions are passed over; what ends in the middle is none.
      assert.equal(decodeFrame(Uint8Array.from([0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 0, 0x08, 5])).seqId, 5n);
      for (const broken of [[0x08], [0x2a, 9, 1], [0x0b], [0x08, ...Array.from({ length: 11 }, () => 0xff)]])
        assert.throws(() => decodeFrame(Uint8Array.from(broken)), RangeError);
    }));

  test("fault-43 a connection that falls silent is left for another, and so is one that is lost", () =>
    withBench(
      async (bench) => {
        const { feishu, channel } = bench;
        feishu.state.deaf = true;
        await feishu.until(() => channel.status().code === "feishu_silent");
        feishu.state.deaf = false;
        await ready(bench);
        for (const socket of feishu.sockets) socket.close(1011, "restart");
        await feishu.until(() => bench.logs().includes("feishu_socket_lost"));
        await ready(bench);
        feishu.say("there?");
        await heard(bench, 1);
      },
      { timing: { pongMs: 250 } },
    ));

  test("fault-48 a quiet connection stays, and its last answer is told", () =>
    withBench(
      async (bench) => {
        const { feishu, channel } = bench;
        await feishu.until(() => feishu.state.pings >= 2);
        assert.equal(feishu.sockets.size, 1);
        assert.equal(feishu.calls.filter(({ call }) => call === "POST /callback/ws/endpoint").length, 1);
        assert.ok(channel.status().lastAliveAt! > 0);
      },
      { timing: { pongMs: 400, pingMs: 400 } },
    ));

  test("fault-58 what cannot be stored is handed in again, and the reason is told meanwhile", () =>
    withBench(async (bench) => {
      const { feishu, intake, channel } = bench;
      intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 10 }), 1);
      intake.rejectNext(new Error("broken"), 1);
      feishu.say("keep me");
      await feishu.until(() => feishu.taken() === 1);
      assert.deepEqual(feishu.answers, [500, 500, 200]);
      assert.match(bench.logs(), /store_full/);
      assert.match(bench.logs(), /feishu_intake_failed/);
      await feishu.until(() => channel.status().state === "ready");
    }));

  test("fault-24 refused credentials make the account failed, with advice; fault-50 a platform that stumbles, limits or is away is told as that", async () => {
    const bench = await createBench();
    const { feishu, channel } = bench;
    try {
      feishu.refuse(true);
      bench.start();
      await feishu.until(() => channel.status().state === "failed");
      assert.equal(channel.status().code, "feishu_credentials_refused");
      feishu.refuse(false);
      await ready(bench);
      const call = "POST /callback/ws/endpoint";
      for (const [fault, code] of [
        [{ call, status: 200, code: 1000040343 }, "feishu_error"],
        [{ call, status: 429, code: 99991400 }, "feishu_rate_limited"],
        [{ call, status: 502, code: 0 }, "feishu_error"],
        [{ call, status: 200, code: 514 }, "feishu_credentials_refused"],
      ] as const) {
        feishu.faults.push(fault, fault);
        for (const socket of feishu.sockets) socket.terminate();
        await feishu.until(() => channel.status().code === code);
        await ready(bench);
      }
    } finally {
      await bench.close();
    }
  });
});

describe("feishu webhook", () => {
  const hook = { config: { mode: "webhook" as const } };

  test("the address is proven by its challenge, which is encrypted and not signed", () =>
    withBench(async ({ feishu }) => {
      const body = feishu.encrypt({ challenge: "ajls384kdjx98XX", token: "v", type: "url_verification" });
      for (const headers of [{}, feishu.signedHeaders(body)]) {
        const response = await feishu.postRaw(body, headers);
        assert.deepEqual([response.status, await response.json()], [200, { challenge: "ajls384kdjx98XX" }]);
      }
    }, hook));

  test("sec-104 sec-107 nothing is handed in that is not signed and encrypted with the key", () =>
    withBench(async ({ feishu, intake, channel }) => {
      const event = {
        schema: "2.0",
        header: { event_id: "e1", event_type: "im.message.recalled_v1", app_id: APP },
        event: { message_id: "om_1", chat_id: DIRECT },
      };
      const body = feishu.encrypt(event);
      const signed = feishu.signedHeaders(body);
      const status = async (...args: Parameters<typeof feishu.postRaw>) => (await feishu.postRaw(...args)).status;
      assert.equal(await status(body, {}), 401);
      assert.equal(await status(body, { ...signed, "x-lark-signature": "0".repeat(64) }), 401);
      assert.equal(await status(body, { ...signed, "x-lark-signature": "" }), 401);
      assert.equal(await status(body, { ...signed, "x-lark-request-timestamp": "1" }), 401);
      assert.equal(await status(feishu.encrypt({ ...event, header: {} }), signed), 401);
      assert.equal(await status("x".repeat(20_000), {}), 413);
      assert.equal(await status("x".repeat(1_000_001), signed), 413);
      for (const odd of [JSON.stringify(event), "not json", '{"encrypt":"AAAA"}', '{"encrypt":7}'])
        assert.equal(await status(odd, feishu.signedHeaders(odd)), 400);
      assert.equal(await status("", {}, "GET"), 405);
      assert.equal(intake.updates.length, 0);
      // The same post again has one effect (sec-106).
      for (let i = 0; i < 3; i += 1) assert.equal(await status(body, signed), 200);
      assert.equal(intake.updates.length, 1);
      assert.ok(channel.status().lastEventAt! > 0);
    }, hook));

  test("sec-104 without its key webhook mode is refused, and in socket mode there is no webhook", async () => {
    const config = {
      account: "default",
      app_id: APP,
      app_secret: new Secret("s", APP_SECRET),
      api_root: "http://x.test",
      sender_ids: "open_id",
      streaming: true,
      reply_in_thread: true,
    } as const;
    const deps = { log: { child: () => deps.log }, clock: { now: () => 0, monotonic: () => 0 } } as unknown as ChannelDeps;
    const open = (more: object) => createFeishu({ ...config, mode: "webhook", encrypt_key: undefined, ...more }, deps);
    assert.throws(
      () => open({}),
      (error: unknown) => error instanceof ConfigError && error.code === "feishu_mode_config",
    );
    assert.throws(() => open({ encrypt_key: new Secret("k", " ") }), { code: "feishu_mode_config" });
    const socket = open({ mode: "socket", encrypt_key: new Secret("k", ENCRYPT_KEY) });
    assert.equal((await socket.webhook!(new Request("http://x/", { method: "POST" }))).status, 404);
  });

  test("what comes before the account knows itself comes again; a platform that does not answer makes it degraded", async () => {
    const bench = await createBench(hook);
    const { feishu, channel } = bench;
    try {
      feishu.say("early");
      await feishu.until(() => feishu.answers.includes(503));
      bench.start();
      await heard(bench, 1);
      const call = "GET /bot/v3/info";
      feishu.faults.push({ call, status: 500 }, { call, status: 500 });
      await feishu.until(() => channel.status().code === "feishu_error");
      feishu.faults.push(...Array.from({ length: 4 }, () => ({ call, drop: true })));
      await feishu.until(() => channel.status().code === "feishu_unreachable");
      await ready(bench);
    } finally {
      await bench.close();
    }
  });
});

describe("feishu config", () => {
  const keys = { app_id: APP, app_secret: new Secret("s", "s") };
  const problems = (input: unknown) => v.safeParse(feishuConfig, input).issues?.map((issue) => issue.message) ?? [];

  test("sec-30 names are refused where ids belong; half an account, or a webhook without its key, is refused", () => {
    assert.deepEqual(problems({ ...keys, owner_ids: [ANN.replace("_", "_1")], groups: { allowed: ["oc_1"] } }), []);
    assert.match(problems({ ...keys, owner_ids: ["Ann"] })[0]!, /open_id/);
    assert.match(problems({ ...keys, groups: { allowed: ["Town"] } })[0]!, /chat_id/);
    assert.match(problems({ ...keys, app_id: "x" })[0]!, /App ID/);
    assert.match(problems({ app_id: APP })[0]!, /both needed/);
    assert.match(problems({ ...keys, mode: "webhook" })[0]!, /encrypt_key/);
    assert.match(problems({ accounts: { work: { app_id: APP } } })[0]!, /every account/);
  });
});
