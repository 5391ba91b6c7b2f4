import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update } from "../../../src/core/update.ts";
import { ANN_JID, GROUP, ME } from "../../fakes/whatsapp/linked.ts";
import { ANN, type LinkedBench, target, withLinked } from "./linked-harness.ts";

const said = (update: Update | undefined) => (update?.type === "message" ? update.message.parts : update?.type);

async function next(bench: LinkedBench, act: () => void): Promise<Update> {
  const before = bench.intake.updates.length;
  act();
  await bench.intake.until(() => bench.intake.updates.length > before);
  return bench.intake.updates.at(-1)!;
}

const file = { mediaKey: { $bytes: Buffer.from("file-key").toString("base64") }, directPath: "/v/t", fileLength: 12, mimetype: "image/jpeg" };

describe("whatsapp, linked device: messages", () => {
  test("each kind of message arrives as what it is", () =>
    withLinked(async (bench) => {
      const { whatsapp } = bench;
      const parts = async (message: object) => said(await next(bench, () => whatsapp.say(message)));
      assert.deepEqual(await parts({ extendedTextMessage: { text: "hi" } }), [{ type: "text", text: "hi" }]);
      assert.deepEqual(await parts({ ephemeralMessage: { message: { conversation: "gone soon" } } }), [{ type: "text", text: "gone soon" }]);
      const photo = await parts({ imageMessage: { ...file, caption: "look" } });
      const ref = JSON.stringify({ k: Buffer.from("file-key").toString("base64"), p: "/v/t", t: "image" });
      assert.deepEqual(photo, [
        { type: "media", media: { kind: "photo", ref, type: "image/jpeg", size: 12 } },
        { type: "text", text: "look" },
      ]);
      assert.deepEqual(await parts({ audioMessage: { ...file, mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 3 } }), [
        { type: "media", media: { kind: "voice", ref: ref.replace('"image"', '"audio"'), type: "audio/ogg", size: 12, duration: 3 } },
      ]);
      assert.deepEqual(await parts({ locationMessage: { degreesLatitude: 1, degreesLongitude: 2, name: "Home" } }), [
        { type: "location", latitude: 1, longitude: 2, name: "Home" },
      ]);
      assert.deepEqual(await parts({ contactMessage: { displayName: "Bob", vcard: "BEGIN:VCARD\nTEL;waid=15:+1 5\nEND:VCARD" } }), [
        { type: "contact", name: "Bob", phone: "+1 5" },
      ]);
      assert.deepEqual(await parts({ pollCreationMessageV3: { name: "?", options: [{ optionName: "a" }, { optionName: "b" }] } }), [
        { type: "poll", question: "?", options: ["a", "b"] },
      ]);
      const answer = await next(bench, () =>
        whatsapp.say({
          extendedTextMessage: { text: "yes", contextInfo: { stanzaId: "3EB0XX", participant: ANN_JID, quotedMessage: { conversation: "really?" } } },
        }),
      );
      assert.deepEqual(answer.type === "message" && answer.message, { parts: [{ type: "text", text: "yes" }], replyTo: "3EB0XX", quote: { text: "really?" } });
    }));

  test("reactions, edits and deletions are about the message they name, in groups with its author", () =>
    withLinked(async (bench) => {
      const { whatsapp } = bench;
      const inGroup = { from: GROUP, participant: ANN_JID };
      const reaction = await next(bench, () =>
        whatsapp.say({ reactionMessage: { key: { id: "3EB0YY", fromMe: false, participant: "77@lid" }, text: "👍" } }, inGroup),
      );
      assert.deepEqual(
        [reaction.type, "messageId" in reaction && reaction.messageId, "emoji" in reaction && reaction.emoji],
        ["reaction", "3EB0YY/77@lid", "👍"],
      );
      const gone = await next(bench, () => whatsapp.say({ reactionMessage: { key: { id: "3EB0YY" }, text: "" } }));
      assert.ok(gone.type === "reaction" && gone.removed);
      const edit = await next(bench, () =>
        whatsapp.say({ protocolMessage: { type: 14, key: { id: "3EB0ZZ" }, editedMessage: { conversation: "new words" } } }),
      );
      assert.ok(edit.type === "edit" && edit.messageId === "3EB0ZZ");
      assert.deepEqual(edit.message.parts, [{ type: "text", text: "new words" }]);
      const deletion = await next(bench, () => whatsapp.say({ protocolMessage: { type: 0, key: { id: "3EB0ZZ" } } }, inGroup));
      assert.ok(deletion.type === "deletion" && deletion.messageId === `3EB0ZZ/${ANN_JID}`);
    }));

  test("a group is its own place; the assistant is addressed when mentioned by either of its ids, answered or commanded", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel } = bench;
      const inGroup = { from: GROUP, participant: "555@lid", pn: ANN_JID };
      const addressed = async (message: object) => {
        const update = await next(bench, () => whatsapp.say(message, inGroup));
        assert.equal(update.address.conversation, GROUP);
        assert.equal(update.direct, false);
        assert.deepEqual(update.sender, { id: ANN, name: "Ann" });
        return update.type === "message" && update.addressed;
      };
      assert.equal(await addressed({ conversation: "just talk" }), false);
      assert.equal(await addressed({ extendedTextMessage: { text: "@900900900 hi", contextInfo: { mentionedJid: ["900900900@lid"] } } }), true);
      assert.deepEqual(said(bench.intake.updates.at(-1)), [{ type: "text", text: "hi" }], "the mention in front is taken off");
      assert.equal(await addressed({ extendedTextMessage: { text: "x", contextInfo: { mentionedJid: [ME.id.replace(":7", "")] } } }), true);
      assert.equal(await addressed({ conversation: "/status" }), true);
      const { messageId } = await channel.send(channel.render({ parts: [{ type: "text", text: "an answer" }] })[0]!, target(GROUP));
      assert.equal(await addressed({ extendedTextMessage: { text: "why?", contextInfo: { stanzaId: messageId, participant: "900900900@lid" } } }), true);
      assert.equal(await addressed({ extendedTextMessage: { text: "@111", contextInfo: { mentionedJid: ["111@lid"] } } }), false);
    }));

  test("sec-30 somebody is known by their number, also where a group hides it, once it was told; else by the hidden id", () =>
    withLinked(async (bench) => {
      const { whatsapp } = bench;
      const by = async (more: object) =>
        (await next(bench, () => whatsapp.say({ conversation: "x" }, { from: GROUP, participant: "555@lid", ...more }))).sender.id;
      assert.equal(await by({}), "555@lid");
      assert.equal(await by({ pn: ANN_JID }), ANN);
      assert.equal(await by({}), ANN, "it stays known");
      assert.equal((await next(bench, () => whatsapp.say({ conversation: "x" }, { from: "555@lid" }))).address.conversation, ANN, "in a chat of two as well");
      const bob = "4915550000000";
      await next(bench, () => whatsapp.say({ conversation: "x" }, { from: `${bob}@s.whatsapp.net`, pn: "666@lid" }));
      assert.equal(await by({ participant: "666@lid" }), bob, "told in a chat of two, known in a group");
      await bench.whatsapp.until(() => bench.waiting.size === 0);
      assert.equal((await bench.entries()).get("number:555@lid"), ANN, "and after a restart");
    }));

  test("what we ourselves say on another device, status updates and what nobody can read are no messages", () =>
    withLinked(async (bench) => {
      const { whatsapp } = bench;
      whatsapp.say({ conversation: "mine" }, { from: ME.id });
      whatsapp.say({ conversation: "story" }, { from: "status@broadcast", participant: ANN_JID });
      whatsapp.say({ senderKeyDistributionMessage: { groupId: "x" } });
      assert.deepEqual(said(await next(bench, () => whatsapp.say({ conversation: "last" }))), [{ type: "text", text: "last" }]);
      assert.equal(bench.intake.updates.length, 1);
    }));

  test("sec-34 who is let in sees that they were read, a stranger sees nothing", () =>
    withLinked(async (bench) => {
      const { whatsapp, intake } = bench;
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      await next(bench, () => whatsapp.say({ conversation: "who are you" }));
      intake.outcome = () => ({ kind: "turn", messageId: "m", turnId: "t", sessionId: "s", sessionKey: "k" });
      const known = whatsapp.say({ conversation: "hi" });
      await whatsapp.until(() => whatsapp.calls.some(({ name }) => name === "readMessages"));
      assert.deepEqual(
        whatsapp.calls.filter(({ name }) => name === "readMessages").map(({ args }) => args),
        [[[{ remoteJid: ANN_JID, id: known, fromMe: false }]]],
      );
    }));

  test("files go both ways through the child", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel, blobs } = bench;
      const ref = JSON.stringify({ k: Buffer.from("file-key").toString("base64"), p: "/v/t", t: "image" });
      const got = await channel.fetchMedia!({ kind: "photo", ref, type: "image/jpeg" }, AbortSignal.timeout(10_000));
      assert.deepEqual([Buffer.from(got.bytes).toString(), got.type], ["first second", "image/jpeg"]);
      assert.deepEqual(whatsapp.downloads.length, 1);
      const wrong = JSON.stringify({ k: "eA==", p: "/v/t", t: "image" });
      await assert.rejects(channel.fetchMedia!({ kind: "photo", ref: wrong }, AbortSignal.timeout(10_000)), { code: "whatsapp_refused" });
      const media = (kind: "photo" | "voice" | "document", type: string, name?: string) => ({
        type: "media" as const,
        media: { kind, blob: blobs.add(new Uint8Array(100_000), type, name) },
      });
      for (const part of channel.render({ parts: [media("photo", "image/png"), media("voice", "audio/ogg"), media("document", "application/pdf", "a.pdf")] }))
        await channel.send(part, target());
      assert.deepEqual(
        whatsapp.sent().map(({ content }) => content),
        [
          { image: "100000 bytes", mimetype: "image/png" },
          { audio: "100000 bytes", mimetype: "audio/ogg; codecs=opus", ptt: true },
          { document: "100000 bytes", mimetype: "application/pdf", fileName: "a.pdf" },
        ],
      );
    }));

  test("answers quote, typing is shown, and text, places, people and polls go out as what they are", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel } = bench;
      const id = whatsapp.say({ conversation: "q" }, { from: GROUP, participant: ANN_JID });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await channel.typing!(target(GROUP).address);
      for (const part of channel.render({
        parts: [
          { type: "text", text: "a" },
          { type: "location", latitude: 1, longitude: 2 },
          { type: "contact", name: "Bob", phone: "+1 5" },
          { type: "poll", question: "?", options: ["a", "b"] },
        ],
      }))
        await channel.send(part, target(GROUP, { replyTo: `${id}/${ANN_JID}` }));
      const sent = whatsapp.sent();
      assert.deepEqual(
        sent.map(({ to }) => to),
        [GROUP, GROUP, GROUP, GROUP],
      );
      assert.equal(sent[0]!.quoted, id);
      assert.deepEqual(sent[1]!.content, { location: { degreesLatitude: 1, degreesLongitude: 2 } });
      assert.match(sent[2]!.content.contacts.contacts[0].vcard, /FN:Bob\nTEL;type=CELL;type=VOICE;waid=15:\+1 5\n/);
      assert.deepEqual(sent[3]!.content, { poll: { name: "?", values: ["a", "b"], selectableCount: 1 } });
      assert.deepEqual(whatsapp.calls.find(({ name }) => name === "sendPresenceUpdate")!.args, ["composing", GROUP]);
      const asked = () => whatsapp.calls.filter(({ name }) => name === "groupMetadata").length;
      assert.equal(asked(), 1, "who is in the group is asked once");
      whatsapp.emit("group-participants.update", { id: GROUP, action: "add" });
      await channel.send(channel.render({ parts: [{ type: "text", text: "b" }] })[0]!, target(GROUP));
      assert.equal(asked(), 2, "and again when it has changed");
    }));

  test("actions edit and delete our messages, react to anybody's and ask in polls; what WhatsApp refuses is told", () =>
    withLinked(async (bench) => {
      const { whatsapp, channel } = bench;
      const actions = channel.actions!;
      const { messageId } = await channel.send(channel.render({ parts: [{ type: "text", text: "one" }] })[0]!, target());
      const ours = { ...target(), messageId };
      await actions.edit!(ours, "**two**");
      assert.deepEqual(whatsapp.standing(ANN_JID), ["*two*"]);
      await actions.react!({ ...target(GROUP), messageId: "3EB0QQ/77@lid" }, "👍", true);
      await actions.react!({ ...target(), messageId: "3EB0QQ" }, "👍", false);
      await actions.delete!(ours);
      const { messageId: poll } = await actions.poll!(target(), { question: "?", options: ["a", "b"], multiple: true });
      assert.notEqual(poll, "");
      assert.deepEqual(
        whatsapp
          .sent()
          .slice(2)
          .map(({ content }) => content),
        [
          { react: { key: { remoteJid: GROUP, id: "3EB0QQ", fromMe: false, participant: "77@lid" }, text: "👍" } },
          { react: { key: { remoteJid: ANN_JID, id: "3EB0QQ", fromMe: false }, text: "" } },
          { delete: { remoteJid: ANN_JID, id: messageId, fromMe: true } },
          { poll: { name: "?", values: ["a", "b"], selectableCount: 0 } },
        ],
      );
      await assert.rejects(actions.edit!({ ...target(), messageId: "3EB0QQ" }, "x"), { code: "whatsapp_not_ours" });
      await assert.rejects(actions.edit!(ours, "x".repeat(30_000)), { code: "whatsapp_refused" });
      await assert.rejects(actions.poll!(target(), { question: "?", options: ["a", "a"], multiple: false }), { code: "whatsapp_refused" });
      whatsapp.fates.push({ refuse: 463 });
      await assert.rejects(channel.send(channel.render({ parts: [{ type: "text", text: "x" }] })[0]!, target()), {
        code: "whatsapp_restricted",
        failure: "permanent",
      });
      whatsapp.fates.push({ throws: { message: "not-authorized", code: 403 } });
      await assert.rejects(actions.delete!(ours), { code: "whatsapp_refused" });
      const media = { text: "", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } };
      await assert.rejects(channel.send(media, target()), { code: "blob_missing" });
      await assert.rejects(channel.edit!({ messageId }, media, target()), { code: "whatsapp_not_editable" });
    }));

  test("a message that WhatsApp does not acknowledge in time is in doubt", () =>
    withLinked(
      async (bench) => {
        bench.whatsapp.fates.push({ silent: true });
        const part = bench.channel.render({ parts: [{ type: "text", text: "x" }] })[0]!;
        await assert.rejects(bench.channel.send(part, target()), { code: "whatsapp_unacknowledged", failure: "unknown" });
      },
      { timing: { ackMs: 100 } },
    ));
});
