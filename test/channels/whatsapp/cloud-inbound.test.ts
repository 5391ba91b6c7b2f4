import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreError } from "../../../src/core/errors.ts";
import { ANN } from "../../fakes/whatsapp/cloud.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { target, VERIFY, withCloud } from "./cloud-harness.ts";

describe("whatsapp, Cloud API: what comes in", () => {
  test("each kind of message arrives as what it is, with its sender, its place and what it answers", () =>
    withCloud(async ({ cloud, intake }) => {
      cloud.say({ type: "text", text: { body: "hi" }, context: { id: "wamid.before", from: "1" } });
      await intake.until(() => intake.updates.length === 1);
      const [said] = intake.updates;
      assert.deepEqual(said, {
        type: "message",
        key: `msg:${ANN}:wamid.000001`,
        address: { channel: "whatsapp", account: "default", conversation: ANN },
        sender: { id: ANN, name: "Ann" },
        direct: true,
        at: said!.at,
        messageId: "wamid.000001",
        message: { parts: [{ type: "text", text: "hi" }], replyTo: "wamid.before" },
        addressed: true,
      });
      const parts = async (content: object) => {
        const before = intake.updates.length;
        cloud.say(content);
        await intake.until(() => intake.updates.length > before);
        const update = intake.updates.at(-1)!;
        return update.type === "message" ? update.message.parts : [];
      };
      assert.deepEqual(await parts({ type: "image", image: { id: "7", mime_type: "image/jpeg", caption: "look" } }), [
        { type: "media", media: { kind: "photo", ref: "7", type: "image/jpeg" } },
        { type: "text", text: "look" },
      ]);
      assert.deepEqual(await parts({ type: "audio", audio: { id: "8", mime_type: "audio/ogg; codecs=opus", voice: true } }), [
        { type: "media", media: { kind: "voice", ref: "8", type: "audio/ogg" } },
      ]);
      assert.deepEqual(await parts({ type: "document", document: { id: "9", mime_type: "application/pdf", filename: "a.pdf" } }), [
        { type: "media", media: { kind: "document", ref: "9", name: "a.pdf", type: "application/pdf" } },
      ]);
      assert.deepEqual(await parts({ type: "sticker", sticker: { id: "10", mime_type: "image/webp" } }), [
        { type: "media", media: { kind: "sticker", ref: "10", type: "image/webp" } },
      ]);
      assert.deepEqual(await parts({ type: "video", video: { id: "11", mime_type: "video/mp4" } }), [
        { type: "media", media: { kind: "video", ref: "11", type: "video/mp4" } },
      ]);
      assert.deepEqual(await parts({ type: "location", location: { latitude: 1, longitude: 2, name: "Home", address: "Road 3" } }), [
        { type: "location", latitude: 1, longitude: 2, name: "Home, Road 3" },
      ]);
      assert.deepEqual(await parts({ type: "contacts", contacts: [{ name: { formatted_name: "Bob" }, phones: [{ phone: "+1 5" }] }] }), [
        { type: "contact", name: "Bob", phone: "+1 5" },
      ]);
      assert.deepEqual(await parts({ type: "button", button: { text: "Yes", payload: "p" } }), [{ type: "text", text: "Yes" }]);
      assert.deepEqual(await parts({ type: "interactive", interactive: { type: "button_reply", button_reply: { id: "foreign", title: "No" } } }), [
        { type: "text", text: "No" },
      ]);
    }));

  test("reactions, presses, edits and deletions become updates of the message that they are about", () =>
    withCloud(async ({ cloud, intake }) => {
      cloud.say({ type: "reaction", reaction: { message_id: "wamid.a", emoji: "👍" } });
      cloud.say({ type: "reaction", reaction: { message_id: "wamid.a" } });
      cloud.say({ type: "interactive", context: { id: "wamid.b" }, interactive: { type: "list_reply", list_reply: { id: "clanker:approve", title: "Yes" } } });
      cloud.say({ type: "edit", edit: { original_message_id: "wamid.c", message: { type: "text", text: { body: "new" } } } });
      cloud.say({ type: "revoke", revoke: { original_message_id: "wamid.d" } });
      await intake.until(() => intake.updates.length === 5);
      const of = (type: string) =>
        intake.updates.filter((update) => update.type === type).map(({ key: _key, at: _at, address: _address, sender: _sender, ...rest }) => rest);
      assert.deepEqual(
        new Set(of("reaction").map((one) => JSON.stringify(one))),
        new Set([
          JSON.stringify({ direct: true, type: "reaction", messageId: "wamid.a", emoji: "👍", removed: false }),
          JSON.stringify({ direct: true, type: "reaction", messageId: "wamid.a", emoji: "", removed: true }),
        ]),
      );
      assert.deepEqual(of("press"), [{ direct: true, type: "press", messageId: "wamid.b", data: "approve" }]);
      assert.deepEqual(of("edit"), [{ direct: true, type: "edit", messageId: "wamid.c", message: { parts: [{ type: "text", text: "new" }] } }]);
      assert.deepEqual(of("deletion"), [{ direct: true, type: "deletion", messageId: "wamid.d" }]);
    }));

  test("sec-106 the same post twice is one message", () =>
    withCloud(async ({ cloud, intake }) => {
      const id = cloud.say({ type: "text", text: { body: "once" } });
      cloud.say({ type: "text", text: { body: "once" } }, { id });
      await cloud.until(() => cloud.taken() === 2);
      assert.equal(intake.updates.length, 1);
    }));

  test("somebody without a number is known by their business-scoped id, and written to by it", () =>
    withCloud(async ({ cloud, intake, channel }) => {
      const user = "US.13491208655302741918";
      cloud.say(
        { type: "text", text: { body: "hi" }, from_user_id: user },
        { from: null, contact: { user_id: user, profile: { name: "Bo", username: "bo" } } },
      );
      await intake.until(() => intake.updates.length === 1);
      assert.deepEqual(intake.updates[0]!.sender, { id: user, name: "Bo", username: "bo" });
      await channel.send(channel.render({ parts: [{ type: "text", text: "hello" }] })[0]!, target(user));
      assert.equal(cloud.sent[0]!.recipient, user);
      assert.equal(cloud.sent[0]!.to, undefined);
    }));

  test("sec-107 only what the app's secret has signed is read, whatever it says", () =>
    withCloud(async ({ cloud, intake, hook }) => {
      const body = cloud.bodyOf({ messages: [{ id: "wamid.x", from: ANN, timestamp: "1", type: "text", text: { body: "forged" } }] });
      assert.equal(await cloud.postOnce(body, { "x-hub-signature-256": "" }), 401);
      assert.equal(await cloud.postOnce(body, { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }), 401);
      assert.equal(await cloud.postOnce(body, { "x-hub-signature-256": cloud.sign(`${body} `) }), 401);
      assert.equal((await fetch(hook, { method: "PUT", headers: { "x-hub-signature-256": cloud.sign("") } })).status, 405);
      assert.equal(await cloud.postOnce("no json"), 400);
      assert.equal(await cloud.postOnce("{}"), 400);
      assert.deepEqual(intake.updates, []);
    }));

  test("a signed post from long ago is not taken for news", () =>
    withCloud(async ({ cloud, intake }) => {
      const body = cloud.bodyOf({ messages: [{ id: "wamid.x", from: ANN, timestamp: "1700000000", type: "text", text: { body: "old" } }] });
      assert.equal(await cloud.postOnce(body), 200);
      assert.deepEqual(intake.updates, []);
    }));

  test("what is meant for another number is not taken for this one, nor is what nobody said", () =>
    withCloud(async ({ cloud, intake, logs }) => {
      const other = cloud.bodyOf({ metadata: { phone_number_id: "999" }, messages: [{ id: "wamid.x", from: ANN, type: "text", text: { body: "x" } }] });
      assert.equal(await cloud.postOnce(other), 200);
      cloud.say({ type: "unsupported", errors: [{ code: 131051 }] });
      cloud.say({ type: "text", text: { body: "in a group" }, group_id: "g" });
      await cloud.until(() => cloud.taken() === 2);
      assert.deepEqual(intake.updates, []);
      assert.match(logs(), /another number/);
    }));

  test("Meta's question at the set-up is answered for the right token alone", () =>
    withCloud(async ({ hook }) => {
      const ask = (token: string, mode = "subscribe", challenge = "1158201444") =>
        fetch(`${hook}?hub.mode=${mode}&hub.challenge=${challenge}&hub.verify_token=${token}`);
      const right = await ask(VERIFY);
      assert.deepEqual([right.status, await right.text()], [200, "1158201444"]);
      assert.equal((await ask("wrong")).status, 403);
      assert.equal((await ask(VERIFY, "other")).status, 400);
      assert.equal((await ask(VERIFY, "subscribe", "%3Cscript%3E")).status, 400);
    }));

  test("fault-4 while the store is full nothing is acknowledged, and the status says why until it is", () => {
    const intake = createRecordingIntake();
    return withCloud(
      async ({ cloud, channel }) => {
        intake.rejectNext(new StoreError("store_full", "full", { retryAfterMs: 1_000 }), 2);
        cloud.say({ type: "text", text: { body: "kept" } });
        await cloud.until(() => cloud.answers.some(({ status }) => status === 503));
        await intake.until(() => intake.updates.length === 1);
        await cloud.until(() => cloud.taken() === 1);
        await cloud.until(() => channel.status().state === "ready");
      },
      { intake },
    );
  });
});
