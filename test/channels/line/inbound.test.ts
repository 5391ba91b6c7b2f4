import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lineConfig } from "../../../src/channels/line/config.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Update } from "../../../src/core/update.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, BOT, GROUP } from "../../fakes/line/index.ts";
import { type Bench, createBench, ready, SECRET, target, TOKEN, withBench } from "./harness.ts";

const heard = async (bench: Bench, count: number): Promise<Update[]> => {
  await bench.intake.until(() => bench.intake.updates.length >= count);
  return [...bench.intake.updates];
};
const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);
const signal = () => AbortSignal.timeout(10_000);

describe("line inbound", () => {
  test("in a group only what mentions the account, or quotes a message of ours, is said to it", () =>
    withBench(async (bench) => {
      const { line, channel } = bench;
      const { messageId } = await channel.send(channel.render(textMessage("hello all"))[0]!, target(GROUP));
      line.say("nobody in particular", { to: GROUP });
      line.say(
        { type: "text", text: "@Clanker what time is it?", mention: { mentionees: [{ index: 0, length: 8, type: "user", isSelf: true }] } },
        { to: GROUP },
      );
      line.say({ type: "text", text: "@Bob hi", mention: { mentionees: [{ index: 0, length: 4, type: "user", isSelf: false }] } }, { to: GROUP });
      line.say({ type: "text", text: "and you", quotedMessageId: messageId }, { to: GROUP });
      line.say({ type: "text", text: "@Clanker", mention: { mentionees: [{ index: 0, length: 8, type: "user", isSelf: true }] } }, { to: GROUP });
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map((update) => [update.type === "message" && update.addressed, update.direct, update.address.conversation, parts(update)[0]]),
        [
          [false, false, GROUP, { type: "text", text: "nobody in particular" }],
          [true, false, GROUP, { type: "text", text: "what time is it?" }],
          [false, false, GROUP, { type: "text", text: "@Bob hi" }],
          [true, false, GROUP, { type: "text", text: "and you" }],
          [true, false, GROUP, { type: "text", text: "@Clanker" }],
        ],
      );
      assert.equal(updates[0]!.sender.id, ANN);
      assert.equal(updates[3]!.type === "message" && updates[3]!.message.replyTo, messageId);
    }));

  test("places, stickers, presses, unsent messages and comings and goings arrive as such; who has no id is nobody", () =>
    withBench(async (bench) => {
      const { line } = bench;
      line.say({ type: "location", title: "Home", address: "1 Road", latitude: 35.5, longitude: 139.7 });
      line.say({ type: "sticker", packageId: "1", stickerId: "2", stickerResourceType: "STATIC", keywords: ["happy", "cat"] });
      line.press("ask:ABCDEF:once");
      line.dispatch(line.event("unsend", line.sourceOf(ANN, ANN), { unsend: { messageId: "77" } }));
      line.dispatch(line.event("follow", line.sourceOf(ANN, ANN), { replyToken: "x", follow: { isUnblocked: false } }));
      line.dispatch(line.event("unfollow", line.sourceOf(ANN, ANN), {}));
      line.dispatch(line.event("join", line.sourceOf(GROUP, undefined), { replyToken: "x" }));
      line.dispatch(line.event("memberLeft", line.sourceOf(GROUP, undefined), { left: { members: [{ type: "user", userId: ANN }] } }));
      line.dispatch({ ...line.event("message", line.sourceOf(ANN, ANN), { message: { id: "5", type: "text", text: "standby" } }), mode: "standby" });
      line.say("anonymous", { to: GROUP, from: null });
      const updates = await heard(bench, 9);
      assert.deepEqual(
        updates.map((update) => [update.type, update.sender.id, update.key.split(":")[0]]),
        [
          ["message", ANN, "msg"],
          ["message", ANN, "msg"],
          ["press", ANN, "press"],
          ["deletion", ANN, "del"],
          ["membership", ANN, "member"],
          ["membership", ANN, "member"],
          ["membership", `unknown:${GROUP}`, "member"],
          ["membership", ANN, "member"],
          ["message", `unknown:${GROUP}`, "msg"],
        ],
      );
      assert.deepEqual(parts(updates[0]), [{ type: "location", latitude: 35.5, longitude: 139.7, name: "Home, 1 Road" }]);
      assert.deepEqual(parts(updates[1]), [
        { type: "media", media: { kind: "sticker", name: "happy, cat", missing: "LINE hands out no pictures of stickers" } },
      ]);
      assert.equal(updates[2]!.type === "press" && updates[2]!.data, "ask:ABCDEF:once");
      assert.deepEqual(
        updates.flatMap((update) => (update.type === "membership" ? [update.change] : [])),
        ["joined", "left", "joined", "left"],
      );
    }));

  test("files come as references and are fetched from the data server; a film is waited for until LINE has prepared it", () =>
    withBench(async (bench) => {
      const { line, channel } = bench;
      const photo = line.attach(Buffer.from("JPEG"), "image/jpeg");
      const film = line.attach(Buffer.from("MP4"), "video/mp4", 2);
      line.say({ id: photo, type: "image", contentProvider: { type: "line" } });
      line.say({ id: film, type: "video", duration: 12_400, contentProvider: { type: "line" } });
      line.say({ type: "file", fileName: "a.pdf", fileSize: 3 });
      line.say({ type: "image", contentProvider: { type: "external", originalContentUrl: "https://elsewhere.test/a.png" } });
      const media = (await heard(bench, 4)).map((update) => {
        const [part] = parts(update);
        return part?.type === "media" ? part.media : undefined;
      });
      assert.deepEqual(media.slice(0, 2), [
        { kind: "photo", ref: photo },
        { kind: "video", ref: film, duration: 12 },
      ]);
      assert.deepEqual([media[2]!.name, media[2]!.size, media[3]!.ref], ["a.pdf", 3, undefined]);
      const fetched = await channel.fetchMedia!(media[0]!, signal());
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type], ["JPEG", "image/jpeg"]);
      assert.equal(Buffer.from((await channel.fetchMedia!(media[1]!, signal())).bytes).toString(), "MP4");
      await assert.rejects(channel.fetchMedia!(media[2]!, signal()), { code: "line_not_there" });
      await assert.rejects(channel.fetchMedia!(media[3]!, signal()), { code: "line_no_file" });
      line.files.get(film)!.processing = 1_000;
      await assert.rejects(channel.fetchMedia!(media[1]!, signal()), { code: "line_file_not_ready", failure: "retry" });
      line.attach(Buffer.alloc(0), "x");
      line.files.set(photo, { bytes: Buffer.alloc(20_000_001), type: "image/jpeg", processing: 0 });
      await assert.rejects(channel.fetchMedia!(media[0]!, signal()), { code: "line_file_too_big" });
    }));

  test("sec-104 sec-107 nothing is read that LINE has not signed, and nothing that is for another bot", () =>
    withBench(async (bench) => {
      const { line, intake } = bench;
      const body = line.bodyOf([line.event("message", line.sourceOf(ANN, ANN), { message: { id: "1", type: "text", text: "x" } })]);
      for (const signature of [undefined, "", "AAAA", `${"A".repeat(43)}=`]) assert.equal((await line.post(body, signature ?? "")).status, 401);
      assert.equal((await line.post(body, undefined, { headers: {} })).status, 200);
      assert.equal((await line.post(body.replace(BOT, ANN))).status, 400);
      assert.equal((await line.post("not json")).status, 400);
      assert.equal((await line.post("null")).status, 400);
      assert.equal((await line.post("x".repeat(1_000_001))).status, 413);
      assert.equal((await line.post(body, undefined, { method: "PUT" })).status, 405);
      assert.equal(intake.updates.length, 1);
    }));

  test("sec-106 a signed post that comes again has one effect, whatever its headers say", () =>
    withBench(async (bench) => {
      const { line, intake } = bench;
      const body = line.bodyOf([line.event("message", line.sourceOf(ANN, ANN), { replyToken: "r", message: { id: "1", type: "text", text: "x" } })]);
      for (let i = 0; i < 3; i++) assert.equal((await line.post(body)).status, 200);
      assert.equal(intake.updates.length, 1);
    }));

  test("fault-58 while nothing can be stored it answers 503, and takes the events when they are delivered again", () =>
    withBench(async (bench) => {
      const { line, intake, channel } = bench;
      intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 10 }), 2);
      line.say("keep me");
      await line.until(() => line.taken() === 1);
      assert.deepEqual(line.answers, [503, 503, 200]);
      assert.equal(intake.updates.length, 1);
      await line.until(() => channel.status().state === "ready");
      intake.rejectNext(new Error("broken"));
      assert.equal((await line.post(line.bodyOf([line.event("unsend", line.sourceOf(ANN, ANN), { unsend: { messageId: "1" } })]))).status, 503);
      assert.match(bench.logs(), /line_intake_failed/);
    }));

  test("an event that cannot be read does not hold up those beside it", () =>
    withBench(async (bench) => {
      const { line } = bench;
      const broken = { ...line.event("message", line.sourceOf(ANN, ANN), { message: { id: "1", type: "sticker", keywords: 7 } }) };
      const good = line.event("message", line.sourceOf(ANN, ANN), { message: { id: "2", type: "text", text: "good" } });
      assert.equal((await line.post(line.bodyOf([broken, good]))).status, 200);
      assert.deepEqual(parts((await heard(bench, 1))[0]), [{ type: "text", text: "good" }]);
    }));
});

describe("line status", () => {
  test("fault-51 ready means that LINE reaches the webhook: switched off, out of reach, unknown or without messages left it is not", () =>
    withBench(async (bench) => {
      const { line, channel } = bench;
      const until = (code: string | undefined) =>
        line.until(() => channel.status().code === code && (code !== undefined || channel.status().state === "ready"));
      line.state.active = false;
      await until("line_webhook_off");
      line.state.active = true;
      await until(undefined);
      line.state.reaches = false;
      await until("line_webhook_failing");
      line.state.reaches = true;
      await until(undefined);
      Object.assign(line.state, { quota: { type: "limited", value: 200 }, used: 200 });
      await until("line_quota_used_up");
      line.state.used = 3;
      await until(undefined);
      // Somebody has entered another address: ours is put back.
      line.state.endpoint = "https://elsewhere.test/";
      await line.until(() => line.state.endpoint === bench.hook);
      await until(undefined);
    }));

  test("fault-24 a refused token makes the account failed, with advice, and it comes back by itself", async () => {
    const bench = await createBench();
    try {
      bench.line.refuse(true);
      bench.start();
      await bench.line.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "line_token_refused");
      // What LINE posts meanwhile is not lost, but neither taken: nobody knows yet whose it is.
      bench.line.state.endpoint = bench.hook;
      assert.equal((await bench.line.post(bench.line.bodyOf([]))).status, 503);
      bench.line.refuse(false);
      await ready(bench);
    } finally {
      await bench.close();
    }
  });

  test("fault-50 an API that stumbles, limits or is away is told as that", async () => {
    const bench = await createBench();
    const { line, channel } = bench;
    try {
      const info = "GET /v2/bot/info";
      for (const [fault, code] of [
        [{ call: info, status: 500 }, "line_error"],
        [{ call: info, status: 429 }, "line_rate_limited"],
        [{ call: info, drop: true }, "line_unreachable"],
      ] as const) {
        line.faults.push(...Array.from({ length: 3 }, () => fault));
        if (channel.status().state === "stopped") bench.start();
        await line.until(() => channel.status().code === code);
        await ready(bench);
      }
    } finally {
      await bench.close();
    }
  });

  test("without public_url the webhook has to be entered by hand, and says so", async () => {
    const bench = await createBench({ config: { public_url: undefined } });
    try {
      bench.start();
      await bench.line.until(() => bench.channel.status().code === "line_webhook_unset");
      assert.equal(bench.channel.capabilities.media, false);
      assert.equal((await bench.channel.webhook!(new Request(`${bench.hook}?file=x`))).status, 404);
    } finally {
      await bench.close();
    }
  });

  test("what cannot be looked at for a reason of our own is told as line_check_failed", async () => {
    const bench = await createBench({ deps: { cursor: async () => Promise.reject(new Error("broken")) } });
    try {
      bench.start();
      await bench.line.until(() => bench.channel.status().code === "line_check_failed");
    } finally {
      await bench.close();
    }
  });
});

describe("line config", () => {
  const keys = { channel_secret: new Secret("s", SECRET), access_token: new Secret("t", TOKEN) };
  const problems = (input: unknown) => v.safeParse(lineConfig, input).issues?.map((issue) => issue.message) ?? [];

  test("sec-30 names are refused where ids belong; half an account, or one whose secret is blank, is refused", () => {
    assert.deepEqual(problems({ ...keys, owner_ids: [ANN], groups: { allowed: [GROUP] } }), []);
    assert.match(problems({ ...keys, owner_ids: ["Ann"] })[0]!, /user id/);
    assert.match(problems({ ...keys, groups: { allowed: ["Family"] } })[0]!, /group/);
    assert.match(problems({ ...keys, public_url: "http://plain.test/" })[0]!, /https/);
    assert.match(problems({ access_token: keys.access_token })[0]!, /both needed/);
    assert.match(problems({ ...keys, channel_secret: new Secret("s", "  ") })[0]!, /both needed/);
    assert.match(problems({ accounts: { work: { access_token: keys.access_token } } })[0]!, /every account/);
  });
});
