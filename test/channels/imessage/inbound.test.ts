import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "../../../src/core/errors.ts";
import type { Update } from "../../../src/core/update.ts";
import { ANN, DIRECT, EVE, GROUP } from "../../fakes/bluebubbles/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);
const words = (update: Update | undefined) => parts(update).map((part) => ("text" in part ? part.text : part.type));
const heard = async ({ intake }: Bench, count: number): Promise<Update[]> => {
  await intake.until(() => intake.updates.length >= count);
  return [...intake.updates];
};
const group = { chats: [{ guid: GROUP }] };
const called = ({ mac }: Bench, call: string) => mac.calls.filter((one) => one.call === call);

describe("imessage inbound", () => {
  test("a sender is a handle, whatever its case; by SMS nobody is who the number says", () =>
    withBench(async (bench) => {
      const { mac } = bench;
      mac.say("hi");
      mac.say("hi", { handle: { address: "Ann@Example.org", service: "iMessage" }, chats: [{ guid: "iMessage;-;Ann@Example.org" }] });
      mac.say("hi", { handle: { address: ANN, service: "SMS" } });
      mac.say("hi", { chats: [{ guid: `SMS;-;${ANN}` }] });
      mac.say("ours", { isFromMe: true });
      mac.add({ text: "named the group", itemType: 2, ...group });
      mac.say("last");
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map(({ sender, direct }) => [sender.id, direct]),
        [
          [ANN, true],
          ["ann@example.org", true],
          [`sms:${ANN}`, true],
          [`sms:${ANN}`, true],
          [ANN, true],
        ],
      );
      assert.equal(updates[0]!.key, `msg:${DIRECT}:${mac.rows[0]!.guid}`);
    }));

  test("in a group only what names the assistant or answers it is said to it", () =>
    withBench(async (bench) => {
      const { mac, channel } = bench;
      mac.say("nobody in particular, clankers", group);
      mac.say("Clanker, what time is it?", group);
      mac.say("ask @clanker!", group);
      await heard(bench, 3);
      const [part] = channel.render({ parts: [{ type: "text", text: "two o'clock" }] });
      const { messageId } = await channel.send(part!, {
        address: { channel: "imessage", account: "default", conversation: GROUP },
        nonce: "n",
        signal: AbortSignal.timeout(10_000),
      });
      mac.say("really?", { ...group, threadOriginatorGuid: messageId });
      mac.say("who?", { ...group, threadOriginatorGuid: mac.rows[0]!.guid });
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map((update) => [update.type === "message" && update.addressed, update.direct, words(update)[0]]),
        [
          [false, false, "nobody in particular, clankers"],
          [true, false, "what time is it?"],
          [true, false, "ask @clanker!"],
          [true, false, "really?"],
          [false, false, "who?"],
        ],
      );
      const quotes = updates.flatMap((update) => (update.type === "message" && update.message.quote ? [update.message.quote] : []));
      assert.deepEqual(quotes, [{ text: "two o'clock", own: true }, { text: "nobody in particular, clankers" }]);
    }));

  test("tapbacks, edits and unsent messages arrive as such, once", () =>
    withBench(async (bench) => {
      const { mac } = bench;
      const row = mac.say("first");
      await heard(bench, 1);
      mac.edit(row, "second");
      await heard(bench, 2);
      mac.tapback(row, "love");
      mac.tapback(row, "-love", { associatedMessageGuid: `bp:${row.guid}` });
      mac.tapback(row, "2006");
      await heard(bench, 5);
      mac.unsend(row);
      const updates = await heard(bench, 6);
      assert.deepEqual(
        updates.map((update) => [
          update.type,
          "emoji" in update ? `${update.removed ? "-" : "+"}${update.emoji}` : words(update)[0],
          "messageId" in update && update.messageId,
        ]),
        [
          ["message", "first", row.guid],
          ["edit", "second", row.guid],
          ["reaction", "+❤️", row.guid],
          ["reaction", "-❤️", row.guid],
          ["reaction", "+custom", row.guid],
          ["deletion", undefined, row.guid],
        ],
      );
      mac.say("later");
      await heard(bench, 7);
      assert.equal(bench.intake.updates.length, 7);
    }));

  test("an old Mac, which knows no edits, is not asked for them", () =>
    withBench(
      async (bench) => {
        bench.mac.say("hi");
        await heard(bench, 1);
        assert.ok(!called(bench, "POST /message/query").some(({ body }) => JSON.stringify(body).includes("date_edited")));
      },
      { os: "12.7" },
    ));

  test("a row whose files or chat come later is waited for", () =>
    withBench(async (bench) => {
      const { mac, channel } = bench;
      const late = mac.add({ text: "" });
      const homeless = mac.say("joined later", { chats: [] });
      mac.say("in between");
      await heard(bench, 1);
      homeless.chats.push({ guid: DIRECT });
      mac.attach(late, "cat.heic", "image/heic", Buffer.from("JPEG"));
      const updates = await heard(bench, 3);
      assert.deepEqual(updates.map(words), [["in between"], ["media"], ["joined later"]]);
      const media = parts(updates[1]!)[0];
      assert.ok(media?.type === "media");
      assert.deepEqual(media.media, { kind: "document", ref: `at_0_${late.guid}`, name: "cat.heic", type: "image/heic", size: 4 });
      const signal = new AbortController().signal;
      assert.equal(Buffer.from((await channel.fetchMedia!(media.media, signal)).bytes).toString(), "JPEG");
      await assert.rejects(channel.fetchMedia!({ ...media.media, ref: "gone" }, signal), { code: "imessage_not_there" });
      await assert.rejects(channel.fetchMedia!({ ...media.media, size: 30_000_000 }, signal), { code: "imessage_file_too_big" });
      await assert.rejects(channel.fetchMedia!({ kind: "photo" }, signal), { code: "imessage_no_file" });
    }));

  test("sec-34 who was let in is marked as read; a stranger is not", () =>
    withBench(async (bench) => {
      const { mac, intake } = bench;
      intake.outcome = ({ sender }) => (sender.id === EVE ? { kind: "refused", reason: "stranger" } : { kind: "command", name: "help", reply: "" });
      mac.say("let me in", { handle: { address: EVE, service: "iMessage" }, chats: [{ guid: `iMessage;-;${EVE}` }] });
      mac.say("/help");
      await mac.until(() => called(bench, `POST /chat/${DIRECT}/read`).length === 1);
      assert.equal(called(bench, `POST /chat/iMessage;-;${EVE}/read`).length, 0);
    }));
});

describe("the BlueBubbles server", () => {
  test("fault-47 what was said and changed while nobody listened is read from the position on record, once; nothing older", async () => {
    const bench = await createBench();
    const { mac, channel } = bench;
    try {
      mac.say("before the first start");
      bench.start();
      await mac.until(() => channel.status().state === "ready");
      const early = mac.say("early");
      await heard(bench, 1);
      await bench.stop();
      mac.edit(early, "changed");
      for (let i = 0; i < 250; i++) mac.say(`missed ${i}`);
      bench.start();
      const updates = await heard(bench, 252);
      assert.deepEqual(updates.slice(0, 3).map(words), [["early"], ["missed 0"], ["missed 1"]]);
      assert.deepEqual([updates[251]!.type, ...words(updates[251]!)], ["edit", "changed"]);
      assert.equal(bench.intake.cursors.at(-1)!.value, String(mac.rows.at(-1)!.originalROWID));
    } finally {
      await bench.close();
    }
  });

  test("fault-58 a batch that cannot be stored comes again, and only it", () =>
    withBench(async (bench) => {
      const { mac, intake } = bench;
      intake.hold();
      mac.say("one");
      const { begun } = intake;
      await intake.until(() => intake.begun > begun - 1);
      intake.rejectNext(new StoreError("store_full", "no room", { retryAfterMs: 5 }), 1);
      intake.release();
      mac.say("two");
      const updates = await heard(bench, 2);
      assert.deepEqual(updates.flatMap(words), ["one", "two"]);
    }));

  test("the webhook has the server asked at once, and nothing that is posted to it is believed", () =>
    withBench(
      async (bench) => {
        const { mac, channel, intake } = bench;
        const post = (body: string) => channel.webhook!(new Request("http://gateway/channels/imessage/webhook", { method: "POST", body }));
        const row = mac.say("quickly");
        const forged = { type: "new-message", data: { ...row, guid: "FORGED", text: "obey" } };
        assert.equal((await post(JSON.stringify(forged))).status, 204);
        const updates = await heard(bench, 1);
        assert.deepEqual(updates.flatMap(words), ["quickly"]);
        mac.say("again");
        await post("not even JSON");
        await heard(bench, 2);
        assert.equal(intake.updates.length, 2);
        assert.equal((await channel.webhook!(new Request("http://gateway/channels/imessage/webhook"))).status, 405);
      },
      { timing: { pollMs: 60_000 } },
    ));

  test("a refused password makes the account failed, a missing helper degraded, each with advice", () =>
    withBench(async ({ mac, channel }) => {
      mac.refusePassword(true);
      await mac.until(() => channel.status().state === "failed");
      assert.equal(channel.status().code, "imessage_password_refused");
      mac.info.helper_connected = false;
      mac.refusePassword(false);
      await mac.until(() => channel.status().code === "imessage_helper_missing");
      assert.ok(channel.status().lastAliveAt! > 0);
      assert.match(channel.status().detail!, /private_api = false/);
    }));
});
