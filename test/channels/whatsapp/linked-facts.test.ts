/** With the real baileys: what it decodes is what we read, and what we keep before the receipt is what it tells of behind it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as library from "baileys";
import { toFact } from "../../../src/channels/whatsapp/linked/child/facts.ts";
import { createKeys } from "../../../src/channels/whatsapp/linked/child/keys.ts";
import { loadLibrary } from "../../../src/channels/whatsapp/linked/child/library.ts";
import { ANN_JID, GROUP, ME } from "../../fakes/whatsapp/linked.ts";

const { proto } = library;

/** A stanza as it comes, with these words in it. */
function read(message: library.proto.IMessage, attrs: Record<string, string>) {
  const { fullMessage } = library.decodeMessageNode({ tag: "message", attrs: { id: "3EB0", t: "1700000000", notify: "Ann", ...attrs } }, ME.id, ME.lid);
  return toFact(library, { ...fullMessage, message: proto.Message.decode(proto.Message.encode(message).finish()) });
}

describe("whatsapp, linked device: facts of the real library", () => {
  test("a message of two, with who hides their number and the number that goes with it", () => {
    assert.deepEqual(read({ conversation: "hi" }, { from: "555@lid", sender_pn: ANN_JID, addressing_mode: "lid" }), {
      kind: "message",
      id: "3EB0",
      chat: "555@lid",
      chatAlt: ANN_JID,
      group: false,
      sender: "555@lid",
      senderAlt: ANN_JID,
      name: "Ann",
      at: 1_700_000_000_000,
      content: { text: "hi" },
    });
  });

  test("a message of a group, a mention in it, a file, an edit, a deletion and a reaction", () => {
    const inGroup = { from: GROUP, participant: "555:3@lid", participant_pn: ANN_JID, addressing_mode: "lid" };
    const mention = read({ extendedTextMessage: { text: "@900900900 x", contextInfo: { mentionedJid: ["900900900@lid"] } } }, inGroup);
    assert.deepEqual([mention?.sender, mention?.senderAlt, mention?.content?.mentions], ["555@lid", ANN_JID, ["900900900@lid"]]);
    const file = { mediaKey: Buffer.from("key"), directPath: "/p", fileLength: 5, mimetype: "application/pdf", fileName: "a.pdf" };
    assert.deepEqual(read({ documentWithCaptionMessage: { message: { documentMessage: { ...file, caption: "look" } } } }, inGroup)?.content, {
      text: "look",
      media: { kind: "document", ref: JSON.stringify({ k: "a2V5", p: "/p", t: "document" }), type: "application/pdf", name: "a.pdf", size: 5 },
    });
    const key = { remoteJid: GROUP, id: "3EB1", fromMe: false, participant: ANN_JID };
    const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;
    const edit = read({ protocolMessage: { type: MESSAGE_EDIT, key, editedMessage: { conversation: "new" } } }, inGroup);
    assert.deepEqual([edit?.kind, edit?.target, edit?.content], ["edit", { id: "3EB1", fromMe: false, participant: ANN_JID }, { text: "new" }]);
    assert.equal(read({ protocolMessage: { type: REVOKE, key } }, inGroup)?.kind, "deletion");
    assert.equal(read({ reactionMessage: { key, text: "👍" } }, inGroup)?.emoji, "👍");
    assert.equal(read({ conversation: "own" }, { from: GROUP, participant: ME.lid }), undefined);
    assert.equal(read({ senderKeyDistributionMessage: { groupId: GROUP } }, inGroup), undefined);
  });

  test("keys survive being written down and read again", async () => {
    const disk: Record<string, string> = {};
    const keep = async (changes: Readonly<Record<string, string | null>>) => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) delete disk[name];
        else disk[name] = value;
      }
    };
    const first = createKeys(library, {}, keep);
    await first.saveCreds();
    const session = Buffer.from([1, 2, 3]);
    await first.auth.keys.set({ session: { "a.0": session, "b.0": session }, "app-state-sync-key": { k: { keyData: session } } });
    await first.auth.keys.set({ session: { "b.0": null } });
    const second = createKeys(library, disk, keep);
    assert.deepEqual(second.auth.creds.noiseKey, first.auth.creds.noiseKey);
    assert.deepEqual(await second.auth.keys.get("session", ["a.0", "b.0"]), { "a.0": session });
    assert.deepEqual((await second.auth.keys.get("app-state-sync-key", ["k"]))["k"]?.keyData, session);
  });

  test("it is found in the first of the folders that has it", async () => {
    assert.equal((await loadLibrary(["/nowhere", import.meta.dirname]))?.version, "7.0.0-rc14");
    assert.equal(await loadLibrary(["/nowhere"]), undefined);
  });
});
