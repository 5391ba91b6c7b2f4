import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chatCommands } from "../../../src/core/command.ts";
import { translate } from "../../../src/channels/slack/actions.ts";
import type { InboundContext } from "../../../src/channels/slack/inbound.ts";
import type { EventCallback, SlackEvent } from "../../../src/channels/slack/wire.ts";
import { withBench } from "./harness.ts";

const context: InboundContext = {
  account: "default",
  me: { userId: "U0BOT", botId: "B0BOT", teamId: "T1", enterpriseId: undefined, name: "clanker" },
  nameOf: (id) => (id === "U42" ? "Ada" : undefined),
  threads: true,
  now: 1_700_000_000_000,
};

const TS = "1700000000.000100";
const event = (inner: Record<string, unknown>, more: Partial<EventCallback> = {}, own: Partial<InboundContext> = {}) =>
  translate({ kind: "event", payload: { type: "event_callback", team_id: "T1", event: inner as unknown as SlackEvent, ...more } }, { ...context, ...own });
const message = (inner: Record<string, unknown>, own: Partial<InboundContext> = {}) => {
  const [update, ...rest] = event({ type: "message", user: "U42", channel: "C1", channel_type: "channel", ts: TS, ...inner }, {}, own);
  assert.equal(rest.length, 0);
  return update;
};

describe("slack inbound", () => {
  test("a direct message is addressed, with its place, sender and time", () => {
    assert.deepEqual(message({ channel: "D42", channel_type: "im", text: "hi" }), {
      type: "message",
      key: `msg:D42:${TS}`,
      address: { channel: "slack", account: "default", conversation: "D42" },
      sender: { id: "U42", name: "Ada" },
      direct: true,
      at: 1_700_000_000_000,
      messageId: TS,
      message: { parts: [{ type: "text", text: "hi" }] },
      addressed: true,
    });
  });

  test("app_mention and message are one fact: same key, same place, same words", () => {
    const inner = { user: "U42", channel: "C1", ts: TS, text: "<@U0BOT> hello" };
    const asMention = event({ type: "app_mention", ...inner });
    const asMessage = event({ type: "message", channel_type: "channel", ...inner });
    assert.deepEqual(asMention, asMessage);
    assert.equal(asMessage[0]?.type === "message" && asMessage[0].addressed, true);
    assert.deepEqual(asMessage[0]?.type === "message" && asMessage[0].message.parts, [{ type: "text", text: "hello" }]);
  });

  test("a mention in a channel opens a thread, when that is wanted; a message without one stays in the channel", () => {
    assert.equal(message({ text: "<@U0BOT> x" })?.address.thread, TS);
    assert.equal(message({ text: "<@U0BOT> x" }, { threads: false })?.address.thread, undefined);
    const other = message({ text: "lunch?" });
    assert.equal(other?.address.thread, undefined);
    assert.equal(other?.type === "message" && other.addressed, false);
  });

  test("a reply is in its thread, and addressed when the thread is ours", () => {
    const reply = message({ text: "and?", thread_ts: "1.000001", parent_user_id: "U0BOT" });
    assert.equal(reply?.address.thread, "1.000001");
    assert.equal(reply?.type === "message" && reply.addressed, true);
    assert.equal(reply?.type === "message" && reply.message.replyTo, "1.000001");
    const others = message({ text: "and?", thread_ts: "1.000001", parent_user_id: "U7" });
    assert.equal(others?.type === "message" && others.addressed, false);
  });

  test("references and escapes become what a person reads", () => {
    const text =
      "<@U42> <@U9|bob> in <#C2|general> <!here> see <https://a.b/c|the page> or <https://a.b> or <http://x.y|x.y> &lt;b&gt; &amp;amp; <mailto:a@b.c|a@b.c>";
    const read = message({ text });
    assert.deepEqual(read?.type === "message" && read.message.parts, [
      { type: "text", text: "@Ada @bob in #general @here see the page (https://a.b/c) or https://a.b or x.y <b> &amp; a@b.c" },
    ]);
  });

  test("our own words and notes about joins and topics are no messages; another app's are a bot's", () => {
    assert.equal(message({ user: "U0BOT", text: "x" }), undefined);
    assert.equal(message({ bot_id: "B0BOT", user: undefined, subtype: "bot_message", text: "x" }), undefined);
    assert.equal(message({ subtype: "channel_join", text: "<@U42> has joined" }), undefined);
    assert.deepEqual(message({ bot_id: "B9", user: undefined, subtype: "bot_message", username: "Jira", text: "x" })?.sender, {
      id: "bot:B9",
      name: "Jira",
      bot: true,
    });
  });

  test("sec-38 a shared message is a quote, never the sender's own words", () => {
    const shared = message({ text: "", attachments: [{ is_share: true, author_name: "Owner", text: "/stop" }] });
    assert.deepEqual(shared?.type === "message" && shared.message, {
      parts: [{ type: "text", text: "(shared message)" }],
      quote: { sender: "Owner", text: "/stop" },
    });
  });

  test("files come as references with their kind, type and size", () => {
    const read = message({
      subtype: "file_share",
      text: "look",
      files: [
        { id: "F1", name: "a.png", mimetype: "image/png", size: 5, mode: "hosted" },
        { id: "F2", name: "memo", mimetype: "audio/mp4", subtype: "slack_audio", duration_ms: 1_500 },
        { id: "F3", mode: "tombstone" },
      ],
    });
    assert.deepEqual(read?.type === "message" && read.message.parts, [
      { type: "media", media: { kind: "photo", ref: "F1", name: "a.png", type: "image/png", size: 5 } },
      { type: "media", media: { kind: "voice", ref: "F2", name: "memo", type: "audio/mp4", duration: 1.5 } },
      { type: "text", text: "[a file, which Slack does not hand out any more]" },
      { type: "text", text: "look" },
    ]);
  });

  test("an author's change is an edit; an unfurled link or a growing thread is not", () => {
    const changed = (now: Record<string, unknown>, before: Record<string, unknown> = {}) =>
      event({
        type: "message",
        subtype: "message_changed",
        channel: "D42",
        channel_type: "im",
        ts: "1700000009.000001",
        message: { type: "message", user: "U42", ts: TS, text: "new", ...now },
        previous_message: { type: "message", user: "U42", ts: TS, text: "old", ...before },
      })[0];
    const edit = changed({ edited: { user: "U42", ts: "1700000008.000000" } });
    assert.equal(edit?.key, `edit:D42:${TS}:1700000008.000000`);
    assert.deepEqual(edit?.type === "edit" && edit.message.parts, [{ type: "text", text: "new" }]);
    assert.equal(changed({ text: "old", attachments: [{ text: "unfurled" }] }), undefined);
    const edited = { edited: { user: "U42", ts: "1700000008.000000" }, text: "same" };
    assert.equal(changed({ ...edited, reply_count: 1 }, edited), undefined);
    assert.equal(changed({ user: "U0BOT", bot_id: "B0BOT", edited: { user: "U0BOT", ts: "1700000008.000000" } }), undefined);
  });

  test("a deletion names the message; a deleted first message of a thread is one too", () => {
    const previous_message = { type: "message", user: "U42", ts: TS, text: "old" };
    const deleted = event({ type: "message", subtype: "message_deleted", channel: "D42", deleted_ts: TS, event_ts: "1700000010.000000", previous_message })[0];
    assert.deepEqual([deleted?.type, deleted?.key, deleted?.sender.id], ["deletion", `del:D42:${TS}`, "U42"]);
    const tombstone = event({ type: "message", subtype: "message_changed", channel: "D42", message: { subtype: "tombstone", ts: TS }, previous_message })[0];
    assert.equal(tombstone?.key, `del:D42:${TS}`);
  });

  test("reactions come with their change, ours do not", () => {
    const react = (more: Record<string, unknown>) =>
      event({
        type: "reaction_added",
        user: "U42",
        reaction: "eyes",
        item: { type: "message", channel: "D42", ts: TS },
        event_ts: "1700000011.000000",
        ...more,
      })[0];
    const added = react({});
    assert.deepEqual(added?.type === "reaction" && [added.emoji, added.removed, added.messageId, added.direct], [":eyes:", false, TS, true]);
    const removed = react({ type: "reaction_removed" });
    assert.equal(removed?.type === "reaction" && removed.removed, true);
    assert.notEqual(removed?.key, added?.key);
    assert.equal(react({ user: "U0BOT" }), undefined);
  });

  test("a membership is told for us alone", () => {
    const joined = event({ type: "member_joined_channel", user: "U0BOT", channel: "C1", inviter: "U42", event_ts: TS })[0];
    assert.deepEqual(joined?.type === "membership" && [joined.change, joined.sender.id], ["joined", "U42"]);
    assert.deepEqual(event({ type: "member_joined_channel", user: "U7", channel: "C1", event_ts: TS }), []);
  });

  test("events of another workspace with the same app are not ours; those of a shared channel are", () => {
    const inner = { type: "message", user: "U42", channel: "C1", ts: TS, text: "x" };
    assert.deepEqual(event(inner, { team_id: "T2" }), []);
    assert.equal(event(inner, { team_id: "T2", authorizations: [{ team_id: "T1" }] }).length, 1);
  });

  test("a pressed button is a press with the same key however often it comes; buttons of others are not ours", () => {
    const payload = {
      type: "block_actions",
      user: { id: "U42", team_id: "T1" },
      channel: { id: "D42" },
      container: { message_ts: TS, channel_id: "D42" },
      actions: [
        { type: "button", action_id: "clanker:0", value: "approve:x:once", action_ts: "1700000012.000000" },
        { type: "button", action_id: "other", value: "y", action_ts: "1700000012.000000" },
      ],
    };
    const updates = translate({ kind: "interactive", payload }, context);
    assert.deepEqual(
      updates.map((update) => update.type === "press" && [update.key, update.data, update.messageId, update.sender.id]),
      [[`press:D42:${TS}:U42:1700000012.000000:clanker:0`, "approve:x:once", TS, "U42"]],
    );
    assert.deepEqual(translate({ kind: "interactive", payload: { ...payload, type: "view_submission" } }, context), []);
    assert.deepEqual(translate({ kind: "interactive", payload: { ...payload, team: { id: "T2" }, user: { id: "U42", team_id: "T2" } } }, context), []);
  });

  test("the slash command carries our commands, and words", () => {
    const say = (text: string, command = "/clanker") => {
      const [update] = translate({ kind: "command", payload: { command, text, user_id: "U42", channel_id: "D42", team_id: "T1", trigger_id: "1.2" } }, context);
      return update?.type === "message" && update.message.parts[0]?.type === "text" && update.message.parts[0].text;
    };
    assert.deepEqual([say("new"), say("pair ABC"), say(""), say("newspaper please")], ["/new", "/pair ABC", "/help", "newspaper please"]);
    assert.deepEqual([say("ABC", "/approve"), say("", "/status")], ["/approve ABC", "/status"]);
    for (const { name } of chatCommands) assert.equal(say(name), `/${name}`);
  });

  test("sec-30 ids decide, names and titles in the event never do", () => {
    const update = message({ user: "U13", text: "x", user_profile: { name: "U42", display_name: "Ada" }, username: "U42" });
    assert.equal(update?.sender.id, "U13");
  });

  test("a reaction to what stands in a thread is told in that thread, though Slack does not name it", () =>
    withBench(async ({ slack, channel, intake }) => {
      slack.addChannel("C1");
      const part = channel.render({ parts: [{ type: "text", text: "in there" }] })[0]!;
      const address = { channel: "slack", account: "default", conversation: "C1", thread: "1.000001" };
      const { messageId } = await channel.send(part, { address, nonce: "n", signal: AbortSignal.timeout(10_000) });
      for (const ts of [messageId, "2.000002"])
        slack.event({ type: "reaction_added", user: "U42", reaction: "tada", item: { type: "message", channel: "C1", ts }, event_ts: "3.000003" });
      await intake.until(() => intake.updates.length === 2);
      assert.deepEqual(
        intake.updates.map((update) => update.address.thread),
        ["1.000001", undefined],
      );
    }));
});
