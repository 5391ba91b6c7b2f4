import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { imessageConfig } from "../../../src/channels/imessage/config.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Update } from "../../../src/core/update.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, DIRECT, GROUP } from "../../fakes/imsg/index.ts";
import { target } from "./harness.ts";
import { createImsgBench, type ImsgBench, withImsg } from "./imsg-harness.ts";

const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);
const words = (update: Update | undefined) => parts(update).map((part) => ("text" in part ? part.text : part.type));
const heard = async ({ intake }: ImsgBench, count: number): Promise<Update[]> => {
  await intake.until(() => intake.updates.length >= count);
  return [...intake.updates];
};
const last = ({ imsg }: ImsgBench, method: string) => imsg.calls.findLast((call) => call.method === method)?.params;
const action = (messageId: string) => ({
  address: { channel: "imessage", account: "default", conversation: DIRECT },
  messageId,
  signal: AbortSignal.timeout(10_000),
});

describe("imessage over imsg", () => {
  test("fault-47 what was said while nobody listened comes from the position on record, once; nothing older", async () => {
    const bench = await createImsgBench();
    const { imsg, channel } = bench;
    try {
      imsg.say("before the first start");
      bench.start();
      await imsg.until(() => channel.status().state === "ready");
      imsg.say("hi");
      await heard(bench, 1);
      await bench.stop();
      await imsg.until(() => imsg.runs === 0);
      imsg.say("missed");
      bench.start();
      await heard(bench, 2);
      imsg.kill();
      imsg.say("while it was gone");
      const updates = await heard(bench, 3);
      assert.deepEqual(updates.flatMap(words), ["hi", "missed", "while it was gone"]);
      assert.equal(bench.intake.cursors.at(-1)!.value, String(imsg.rows.at(-1)!.id));
    } finally {
      await bench.close();
    }
  });

  test("senders, groups, answers and tapbacks are told apart; our own rows are not said to us", () =>
    withImsg(async (bench) => {
      const { imsg } = bench;
      const first = imsg.say("nobody in particular", { chat_guid: GROUP, sender_name: "Ann" });
      imsg.say("Clanker: hello", { chat_guid: GROUP });
      const ours = imsg.say("hello", { chat_guid: GROUP, is_from_me: true, sender: "" });
      imsg.say("and you?", { chat_guid: GROUP, thread_originator_guid: ours.guid });
      imsg.say("Loved", {
        chat_guid: GROUP,
        is_reaction: true,
        reaction_type: "love",
        reaction_emoji: "❤️",
        is_reaction_add: true,
        reacted_to_guid: first.guid,
      });
      imsg.say("by SMS", { chat_guid: `SMS;-;${ANN}` });
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map((update) => [update.type, update.type === "message" ? update.addressed : update.type === "reaction" && update.emoji, update.sender.id]),
        [
          ["message", false, ANN],
          ["message", true, ANN],
          ["message", true, ANN],
          ["reaction", "❤️", ANN],
          ["message", true, `sms:${ANN}`],
        ],
      );
      assert.equal(updates[0]!.sender.name, "Ann");
    }));

  test("sec-34 for a stranger imsg is asked for nothing", () =>
    withImsg(async (bench) => {
      const { imsg, intake } = bench;
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      imsg.say("let me in");
      imsg.say("please");
      await heard(bench, 2);
      assert.deepEqual(
        imsg.calls.map(({ method }) => method).filter((method) => !/^(chats\.list|messages\.history|watch\.subscribe)$/.test(method)),
        [],
      );
    }));

  test("what a Mac that catches up writes down anew, though it was said long ago, is not said to the assistant", () =>
    withImsg(async (bench) => {
      const { imsg } = bench;
      imsg.say("years ago", { created_at: "2019-05-01T10:00:00.000Z" });
      imsg.say("now");
      const updates = await heard(bench, 1);
      assert.deepEqual(updates.flatMap(words), ["now"]);
      assert.equal(bench.intake.cursors.at(-1)!.value, String(imsg.rows.at(-1)!.id));
    }));

  test("files are read where Messages keeps them and nowhere else, and lent for as long as it takes to send them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "clanker-imsg-"));
    try {
      await writeFile(join(folder, "cat.png"), "PNG");
      await withImsg(
        async (bench) => {
          const { imsg, channel, blobs } = bench;
          const file = {
            transfer_name: "cat.png",
            mime_type: "image/png",
            total_bytes: 3,
            is_sticker: false,
            original_path: join(folder, "cat.png"),
            missing: false,
          };
          imsg.say("look", { attachments: [file, { ...file, missing: true }] });
          const [update] = await heard(bench, 1);
          const [photo, text] = parts(update);
          assert.ok(photo?.type === "media" && text?.type === "text");
          const signal = new AbortController().signal;
          assert.equal(Buffer.from((await channel.fetchMedia!(photo.media, signal)).bytes).toString(), "PNG");
          await assert.rejects(channel.fetchMedia!({ ...photo.media, ref: "/etc/hostname" }, signal), { code: "file_refused" });
          const blob = blobs.add(Buffer.from("OGG"), "audio/ogg", "voice.ogg");
          const [part] = channel.render({ parts: [{ type: "media", media: { kind: "voice", blob } }] });
          const receipt = await channel.send(part!, target(DIRECT, { nonce: "n1" }));
          assert.equal(receipt.messageId, "nonce:n1");
          assert.deepEqual(imsg.sentFiles, [{ name: "voice.ogg", bytes: "OGG" }]);
          const { audio, file: lent } = last(bench, "send.attachment")!;
          assert.deepEqual([audio, imsg.isLent(String(lent))], [true, false]);
        },
        { folder },
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("with the bridge answers quote, and tapbacks, edits and unsending do what they say", () =>
    withImsg(async (bench) => {
      const { imsg, channel } = bench;
      const asked = imsg.say("what?");
      const { messageId } = await channel.send(channel.render(textMessage("this"))[0]!, target(DIRECT, { replyTo: asked.guid }));
      assert.deepEqual(last(bench, "send.rich"), { chat_guid: DIRECT, text: "this", reply_to: asked.guid });
      const { edit, delete: unsend, react } = channel.actions!;
      await edit!(action(messageId), "that");
      assert.deepEqual(imsg.posted(DIRECT), ["that"]);
      await react!(action(asked.guid), "👍", false);
      assert.deepEqual(last(bench, "tapback"), { chat_guid: DIRECT, message_guid: asked.guid, reaction: "like", remove: true });
      await unsend!(action(messageId));
      assert.deepEqual(imsg.posted(DIRECT), []);
      await channel.typing!(target(DIRECT).address);
      assert.deepEqual(last(bench, "typing"), { chat_guid: DIRECT, typing: true });
      await imsg.until(() => last(bench, "read") !== undefined);
      imsg.setBridge(false);
      await assert.rejects(react!(action(asked.guid), "👍", true), { code: "imessage_helper_missing", failure: "permanent" });
    }));

  test("without the bridge it sends as Messages itself does", () =>
    withImsg(
      async (bench) => {
        const { channel } = bench;
        await channel.send(channel.render(textMessage("hi"))[0]!, target(DIRECT, { replyTo: "X" }));
        assert.deepEqual(last(bench, "send"), { chat_guid: DIRECT, text: "hi", transport: "applescript" });
        assert.deepEqual([channel.actions, channel.typing, channel.webhook], [undefined, undefined, undefined]);
      },
      { config: { private_api: false } },
    ));

  test("fault-22 what Messages may have taken is unknown, what it refused is not", () =>
    withImsg(async ({ channel, imsg }) => {
      const send = (chat: string) => channel.send(channel.render(textMessage("hi"))[0]!, target(chat));
      imsg.faults.push({ call: "send", error: { code: -32603, message: "Internal error", data: "AppleScript failed: -1712" } });
      await assert.rejects(send(DIRECT), { code: "imessage_error", failure: "unknown" });
      await assert.rejects(send("iMessage;-;nobody"), { code: "imessage_not_there", failure: "permanent" });
      imsg.faults.push({ call: "send", error: { code: -32601, message: "Method not found" } });
      await assert.rejects(send(DIRECT), { code: "imessage_refused", failure: "permanent" });
    }));

  test("fault-43 a program that falls silent, or stops watching, is started anew", () =>
    withImsg(
      async (bench) => {
        const { imsg, channel } = bench;
        imsg.say("hello?");
        await heard(bench, 1);
        imsg.faults.push({ call: "chats.list", hang: true });
        await imsg.until(() => channel.status().state === "degraded");
        await imsg.until(() => channel.status().state === "ready");
        imsg.notify("error", { subscription: 1, error: { message: "database is locked" } });
        await imsg.until(() => channel.status().code === "imessage_unreachable");
        imsg.say("there?");
        await heard(bench, 2);
        await imsg.until(() => channel.status().state === "ready");
      },
      { timing: { pingMs: 30, pongMs: 1_000 } },
    ));

  test("without Full Disk Access the account is failed, with advice; a program that is not there is told so", async () => {
    await withImsg(async ({ imsg, channel }) => {
      imsg.setAccess(false);
      imsg.kill();
      await imsg.until(() => channel.status().state === "failed");
      assert.equal(channel.status().code, "imessage_no_access");
      imsg.setAccess(true);
      await imsg.until(() => channel.status().state === "ready");
    });
    const bench = await createImsgBench({ config: { command: ["no-such-imsg", "rpc"] } });
    try {
      bench.start();
      await bench.imsg.until(() => bench.channel.status().state === "degraded");
      assert.match(bench.channel.status().detail!, /cannot be started \(ENOENT\).*Is imsg installed/);
    } finally {
      await bench.close();
    }
  });

  test("the program's way needs nothing else, beside accounts of the other", () => {
    const problems = (section: object) => v.safeParse(imessageConfig, section).issues?.length ?? 0;
    const blue = { url: "http://mac.local:1234", password: new Secret("p", "x") };
    assert.equal(problems({ via: "imsg" }), 0);
    assert.equal(problems({ accounts: { here: { via: "imsg", command: ["/opt/homebrew/bin/imsg", "rpc"] }, there: blue } }), 0);
    assert.equal(problems({ accounts: { there: { url: blue.url } } }), 1);
    assert.ok(problems({ via: "imsg", command: [] }) > 0);
  });
});
