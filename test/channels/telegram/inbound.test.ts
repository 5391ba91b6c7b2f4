import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update as TelegramUpdate } from "@grammyjs/types";
import { type InboundContext, translate } from "../../../src/channels/telegram/inbound.ts";
import { ME, withBench } from "./harness.ts";

const context: InboundContext = { account: "default", me: ME, poll: () => undefined, now: 1_700_000_000_000 };
const ada = { id: 42, is_bot: false, first_name: "Ada", last_name: "L", username: "ada" };
const direct = { id: 42, type: "private", first_name: "Ada" };
const group = { id: -100123, type: "supergroup", title: "Team", is_forum: true };
const base = { message_id: 7, date: 1_700_000_000, from: ada, chat: direct };

const run = (update: Record<string, unknown>, with_: Partial<InboundContext> = {}) =>
  translate({ update_id: 1, ...update } as unknown as TelegramUpdate, { ...context, ...with_ });
const one = (message: Record<string, unknown>) => run({ message: { ...base, ...message } })[0];
const said = (message: Record<string, unknown>) => {
  const update = one(message);
  assert.equal(update?.type, "message");
  return update.type === "message" ? update : assert.fail();
};
const inGroup = (text: string, more: Record<string, unknown> = {}) => said({ chat: group, text, ...more });
const command = (text: string, length: number) => ({ text, entities: [{ type: "bot_command", offset: 0, length }] });

describe("telegram inbound", () => {
  test("a direct text has key, place, sender and time", () => {
    assert.deepEqual(said({ text: "hi" }), {
      type: "message",
      key: "msg:42:7",
      address: { channel: "telegram", account: "default", conversation: "42" },
      sender: { id: "42", name: "Ada L", username: "ada" },
      direct: true,
      at: 1_700_000_000_000,
      messageId: "7",
      message: { parts: [{ type: "text", text: "hi" }] },
      addressed: true,
    });
  });

  test("an edit is an update of its own, keyed by its date", () => {
    const [edit] = run({ edited_message: { ...base, text: "hi!", edit_date: 1_700_000_060 } });
    assert.equal(edit?.type, "edit");
    assert.equal(edit?.key, "edit:42:7:1700000060");
    assert.equal(edit?.at, 1_700_000_060_000);
  });

  test("files are references: the largest photo, voice, video note, animation once, sticker", () => {
    const media = (message: Record<string, unknown>) =>
      said(message)
        .message.parts.filter((part) => part.type === "media")
        .map((part) => part.media);
    assert.deepEqual(
      media({
        photo: [
          { file_id: "s", width: 9, height: 9 },
          { file_id: "l", width: 90, height: 90, file_size: 5 },
        ],
        caption: "look",
      }),
      [{ kind: "photo", ref: "l", type: "image/jpeg", size: 5 }],
    );
    assert.deepEqual(media({ voice: { file_id: "v", duration: 3, mime_type: "audio/ogg" } }), [{ kind: "voice", ref: "v", type: "audio/ogg", duration: 3 }]);
    assert.deepEqual(media({ video_note: { file_id: "n", duration: 3, length: 100 } }), [{ kind: "video", ref: "n", type: "video/mp4", duration: 3 }]);
    assert.deepEqual(media({ animation: { file_id: "a", duration: 1 }, document: { file_id: "a" } }), [
      { kind: "video", ref: "a", type: "video/mp4", duration: 1 },
    ]);
    assert.deepEqual(media({ document: { file_id: "d", file_name: "x.pdf", mime_type: "application/pdf", file_size: 9 } }), [
      { kind: "document", ref: "d", name: "x.pdf", type: "application/pdf", size: 9 },
    ]);
    assert.deepEqual(media({ sticker: { file_id: "t", emoji: "👍", is_animated: false, is_video: false } }), [
      { kind: "sticker", ref: "t", name: "👍", type: "image/webp" },
    ]);
    assert.deepEqual(said({ photo: [{ file_id: "l", width: 1, height: 1 }], caption: "look" }).message.parts.at(-1), { type: "text", text: "look" });
  });

  test("places, contacts and polls come as such", () => {
    assert.deepEqual(
      said({ location: { latitude: 1, longitude: 2 }, venue: { location: { latitude: 1, longitude: 2 }, title: "Café", address: "Main St" } }).message.parts,
      [{ type: "location", latitude: 1, longitude: 2, name: "Café, Main St" }],
    );
    assert.deepEqual(said({ contact: { phone_number: "+1", first_name: "Bob" } }).message.parts, [{ type: "contact", name: "Bob", phone: "+1" }]);
    assert.deepEqual(said({ poll: { id: "p", question: "?", options: [{ text: "a" }, { text: "b" }] } }).message.parts, [
      { type: "poll", question: "?", options: ["a", "b"] },
    ]);
  });

  test("a service message and our own post are nothing", () => {
    assert.equal(one({ chat: group, new_chat_title: "x" }), undefined);
    assert.equal(one({ chat: group, migrate_to_chat_id: -1009 }), undefined);
    assert.equal(one({ text: "me", from: { id: ME.id, is_bot: true, first_name: "Bot" } }), undefined);
  });

  test("in a group it is addressed by mention, name, reply or command, and by nothing else", () => {
    assert.equal(inGroup("hello all").addressed, false);
    assert.equal(inGroup("@FAKE_clanker_bot hi", { entities: [{ type: "mention", offset: 0, length: 17 }] }).addressed, true);
    assert.equal(inGroup("😀 @fake_clanker_bot", { entities: [{ type: "mention", offset: 3, length: 17 }] }).addressed, true);
    assert.equal(inGroup("@fake_clanker_bot_2 hi", { entities: [{ type: "mention", offset: 0, length: 19 }] }).addressed, false);
    assert.equal(inGroup("Clanker hi", { entities: [{ type: "text_mention", offset: 0, length: 7, user: { id: ME.id } }] }).addressed, true);
    assert.equal(inGroup("@fake_clanker_bot in plain text").addressed, false);
    assert.equal(inGroup("yes", { reply_to_message: { message_id: 3, from: { id: ME.id, first_name: "Bot" }, text: "?" } }).addressed, true);
    assert.equal(inGroup("yes", { reply_to_message: { message_id: 3, from: ada, text: "?" } }).addressed, false);
    assert.equal(inGroup("", command("/status", 7)).addressed, true);
    assert.equal(inGroup("", command("/status@other_bot", 17)).addressed, false);
  });

  test("a command loses our name, another bot's command keeps its", () => {
    assert.deepEqual(inGroup("", command("/status@fake_clanker_bot now", 24)).message.parts, [{ type: "text", text: "/status now" }]);
    assert.deepEqual(inGroup("", command("/status@other_bot", 17)).message.parts, [{ type: "text", text: "/status@other_bot" }]);
  });

  test("a thread is only what belongs to a forum topic", () => {
    assert.equal(inGroup("x", { message_thread_id: 5, is_topic_message: true }).address.thread, "5");
    assert.equal(inGroup("x", { message_thread_id: 5 }).address.thread, undefined);
    const opened = inGroup("x", {
      message_thread_id: 5,
      is_topic_message: true,
      reply_to_message: { message_id: 5, from: { id: ME.id }, forum_topic_created: { name: "t" } },
    });
    assert.equal(opened.addressed, false);
    assert.equal(opened.message.replyTo, undefined);
  });

  test("a reply names and quotes what it answers", () => {
    const update = said({
      text: "why?",
      reply_to_message: { message_id: 3, from: ada, chat: direct, text: "long text" },
      quote: { text: "long", position: 0 },
    });
    assert.equal(update.message.replyTo, "3");
    assert.deepEqual(update.message.quote, { sender: "Ada", text: "long", own: true });
  });

  test("sec-38 a quote is the conversation's own only in a private chat, and only of what was said there", () => {
    const reply = { message_id: 3, from: ada, chat: direct, text: "long text" };
    const own = (message: Record<string, unknown>) => said({ text: "why?", ...message }).message.quote?.own;
    assert.equal(own({ reply_to_message: reply }), true);
    assert.equal(own({ reply_to_message: { ...reply, forward_origin: { type: "hidden_user", sender_user_name: "Mallory", date: 1 } } }), undefined);
    assert.equal(
      own({ quote: { text: "from elsewhere", position: 0 }, external_reply: { origin: { type: "hidden_user", sender_user_name: "M", date: 1 } } }),
      undefined,
    );
    assert.equal(own({ chat: group, reply_to_message: { ...reply, chat: group } }), undefined);
  });

  test("sec-38 a forwarded text is a quote and never the sender's own words or command", () => {
    const update = said({ ...command("/new", 4), forward_origin: { type: "hidden_user", sender_user_name: "Mallory", date: 1 } });
    assert.deepEqual(update.message, { parts: [{ type: "text", text: "(forwarded message)" }], quote: { sender: "Mallory", text: "/new" } });
  });

  test("sec-33 an anonymous admin or a channel is never a user's id", () => {
    const anonymous = inGroup("x", { from: { id: 1087968824, is_bot: true, first_name: "Group" }, sender_chat: group });
    assert.deepEqual(anonymous.sender, { id: "chat:-100123", name: "Team" });
    const [post] = run({ channel_post: { message_id: 1, date: 1, chat: { id: -100555, type: "channel", title: "News" }, text: "x" } });
    assert.equal(post?.sender.id, "chat:-100555");
    assert.equal(post?.direct, false);
  });

  test("another bot is marked as one", () => {
    assert.equal(inGroup("x", { from: { id: 9, is_bot: true, first_name: "B" } }).sender.bot, true);
  });

  test("the target behind a linked word is kept", () => {
    assert.deepEqual(said({ text: "see here now", entities: [{ type: "text_link", offset: 4, length: 4, url: "https://a.b" }] }).message.parts, [
      { type: "text", text: "see here (https://a.b) now" },
    ]);
  });

  test("a press, each changed reaction, a membership and a vote on a poll of ours are updates", () => {
    const [press] = run({ callback_query: { id: "77", from: ada, chat_instance: "1", data: "yes", message: { ...base } } });
    assert.deepEqual([press?.type, press?.key, press?.type === "press" && press.data], ["press", "press:77", "yes"]);
    const reactions = run({
      message_reaction: {
        chat: group,
        message_id: 3,
        user: ada,
        date: 5,
        old_reaction: [{ type: "emoji", emoji: "👎" }],
        new_reaction: [
          { type: "emoji", emoji: "👍" },
          { type: "custom_emoji", custom_emoji_id: "9" },
        ],
      },
    });
    assert.deepEqual(
      reactions.map((one) => one.type === "reaction" && [one.emoji, one.removed]),
      [
        ["👎", true],
        ["👍", false],
        ["custom:9", false],
      ],
    );
    assert.equal(new Set(reactions.map((one) => one.key)).size, 3);
    const member = (before: string, now: string) =>
      run({ my_chat_member: { chat: group, from: ada, date: 5, old_chat_member: { status: before }, new_chat_member: { status: now } } })[0];
    assert.equal((member("left", "member") as { change?: string }).change, "joined");
    assert.equal((member("administrator", "kicked") as { change?: string }).change, "left");
    assert.equal(member("member", "administrator"), undefined);
    const vote = { poll_answer: { poll_id: "p", user: ada, option_ids: [1], option_persistent_ids: ["1"] } };
    assert.deepEqual(run(vote), []);
    const address = { channel: "telegram", account: "default", conversation: "42" };
    const [placed] = run(vote, { poll: () => ({ address, direct: true, options: ["a", "b"] }) });
    assert.deepEqual(placed?.type === "vote" && [placed.options, placed.address], [["b"], address]);
  });

  test("kinds that nobody has told us of are nothing", () => {
    assert.deepEqual(run({ telepathy: {} }), []);
  });

  test("a reaction in a forum is told in the topic of the message, though Telegram does not name it", () =>
    withBench(async ({ telegram, intake }) => {
      telegram.addChat({ id: -9, forum: true });
      const { message_id: messageId } = telegram.say({ chat: -9, thread: 5, text: "hello" });
      telegram.react({ chat: -9, messageId, emoji: "🎉" });
      await intake.until(() => intake.updates.length === 2);
      assert.equal(intake.updates[1]?.address.thread, "5");
    }));
});
