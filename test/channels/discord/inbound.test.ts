import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chatCommands } from "../../../src/core/command.ts";
import type { Update } from "../../../src/core/update.ts";
import { CHANNEL, DIRECT, PERSON, THREAD } from "../../fakes/discord/index.ts";
import { type Bench, withBench } from "./harness.ts";

const STRANGER = "100000000000000099";

async function take(bench: Bench, count = 1): Promise<Update[]> {
  await bench.intake.until(() => bench.intake.updates.length >= count);
  return bench.intake.updates;
}

const partsOf = (update: Update | undefined) => (update?.type === "message" || update?.type === "edit" ? update.message.parts : []);

describe("what discord hands in", () => {
  test("sec-30 the sender is the id; names and nicks decide nothing and webhooks are nobody", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      discord.say({ text: "a", channel: CHANNEL, more: { member: { nick: PERSON } }, from: STRANGER });
      discord.say({ text: "b", channel: CHANNEL, more: { webhook_id: PERSON } });
      const [named, webhook] = await take(bench, 2);
      assert.deepEqual([named!.sender.id, named!.sender.name], [STRANGER, PERSON]);
      assert.deepEqual([webhook!.sender.id, webhook!.sender.bot], [`webhook:${PERSON}`, true]);
    }));

  test("direct messages and mentions and answers address us; the rest of a channel does not, and nor do everyone and forwards", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      const ours = { id: "1", author: discord.me, content: "earlier", channel_id: CHANNEL };
      discord.say({ text: "direct" });
      discord.say({ text: "plain", channel: CHANNEL });
      discord.say({ text: `<@${discord.me.id}> /status`, channel: CHANNEL, more: { mentions: [discord.me] } });
      discord.say({ text: "answer", channel: CHANNEL, more: { type: 19, message_reference: { message_id: "1" }, referenced_message: ours } });
      discord.say({ text: "@everyone", channel: CHANNEL, more: { mention_everyone: true } });
      discord.say({ channel: CHANNEL, more: { message_reference: { type: 1, message_id: "5" }, message_snapshots: [{ message: { content: "/new <@1>" } }] } });
      const updates = await take(bench, 6);
      assert.deepEqual(
        updates.map((update) => update.type === "message" && [update.addressed, update.direct]),
        [
          [true, true],
          [false, false],
          [true, false],
          [true, false],
          [false, false],
          [false, false],
        ],
      );
      assert.deepEqual(partsOf(updates[2]), [{ type: "text", text: "/status" }]);
      assert.deepEqual(updates[3]!.type === "message" && updates[3]!.message.quote, { sender: "clanker", text: "earlier", own: true });
      assert.deepEqual(partsOf(updates[5]), [{ type: "text", text: "(forwarded message)" }]);
      assert.deepEqual(updates[5]!.type === "message" && updates[5]!.message.quote, { text: "/new <@1>" });
    }));

  test("a thread is the thread of its channel, also one that was never heard of", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      discord.say({ text: "in the thread", channel: THREAD });
      await take(bench);
      await bench.stop();
      bench.start();
      await discord.until(() => discord.log.resumes === 1);
      discord.say({ text: "again", channel: THREAD });
      const updates = await take(bench, 2);
      for (const update of updates) assert.deepEqual(update.address, { channel: "discord", account: "default", conversation: CHANNEL, thread: THREAD });
    }));

  test("edits carry their date, previews that discord adds are none, deletions name whose words they were", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      const message = discord.say({ text: "frist", channel: CHANNEL });
      discord.dispatch("MESSAGE_UPDATE", { ...message, embeds: [{ type: "link", title: "preview" }] });
      discord.edit(message, "first");
      discord.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: CHANNEL, guild_id: discord.guild });
      discord.dispatch("MESSAGE_DELETE", { id: "123456789012345678", channel_id: CHANNEL, guild_id: discord.guild });
      discord.say({ text: "end" });
      const updates = await take(bench, 4);
      assert.deepEqual(
        updates.map((update) => update.type),
        ["message", "edit", "deletion", "message"],
      );
      assert.deepEqual(partsOf(updates[1]), [{ type: "text", text: "first" }]);
      assert.equal(updates[2]!.sender.id, PERSON);
    }));

  test("votes on a poll of ours say all that somebody has chosen; those on others are not handed in", () =>
    withBench(async ({ discord, channel, intake }) => {
      const address = { channel: "discord", account: "default", conversation: CHANNEL };
      const { messageId } = await channel.actions!.poll!(
        { address, signal: AbortSignal.timeout(10_000) },
        { question: "When?", options: ["now", "later", "never"], multiple: true },
      );
      const vote = { user_id: PERSON, channel_id: CHANNEL, message_id: messageId, guild_id: discord.guild, answer_id: 3 };
      discord.dispatch("MESSAGE_POLL_VOTE_ADD", { ...vote, message_id: "5" });
      discord.dispatch("MESSAGE_POLL_VOTE_ADD", { ...vote, user_id: discord.me.id });
      discord.dispatch("MESSAGE_POLL_VOTE_ADD", vote);
      discord.dispatch("MESSAGE_POLL_VOTE_ADD", { ...vote, answer_id: 1 });
      discord.dispatch("MESSAGE_POLL_VOTE_REMOVE", vote);
      await intake.until(() => intake.updates.length === 3);
      assert.deepEqual(
        intake.updates.map((update) => update.type === "vote" && update.options),
        [["never"], ["now", "never"], ["now"]],
      );
      assert.equal(new Set(intake.updates.map(({ key }) => key)).size, 3);
      assert.deepEqual(discord.violations, []);
    }));

  test("reactions come and go; our own are not handed in", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      const reaction = { user_id: PERSON, channel_id: CHANNEL, message_id: "5", guild_id: discord.guild, emoji: { id: null, name: "👍" } };
      discord.dispatch("MESSAGE_REACTION_ADD", { ...reaction, user_id: discord.me.id });
      discord.dispatch("MESSAGE_REACTION_ADD", reaction);
      discord.dispatch("MESSAGE_REACTION_REMOVE", reaction);
      discord.dispatch("MESSAGE_REACTION_ADD", { ...reaction, emoji: { id: "77", name: "party" } });
      const updates = await take(bench, 3);
      assert.deepEqual(
        updates.map((update) => update.type === "reaction" && [update.emoji, update.removed]),
        [
          ["👍", false],
          ["👍", true],
          ["custom:77", false],
        ],
      );
      assert.equal(new Set(updates.map((update) => update.key)).size, 3);
    }));

  test("the platform's own messages and what the bot says are not handed in; mentions, embeds, stickers and polls can be read", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      discord.say({ text: "", more: { type: 7 } });
      discord.say({ text: "me", from: discord.me.id });
      const other = { id: STRANGER, username: "other", global_name: "The Other" };
      discord.say({
        text: `ask <@${STRANGER}>`,
        more: { mentions: [other], embeds: [{ type: "rich", title: "T", description: "D" }], sticker_items: [{ id: "1", name: "wave" }] },
      });
      discord.say({ more: { poll: { question: { text: "Q?" }, answers: [{ poll_media: { text: "yes" } }] } } });
      const updates = await take(bench, 2);
      assert.deepEqual(partsOf(updates[0]), [
        { type: "text", text: "[sticker: wave]" },
        { type: "text", text: "ask @The Other\nT\nD" },
      ]);
      assert.deepEqual(partsOf(updates[1]), [{ type: "poll", question: "Q?", options: ["yes"] }]);
    }));

  test("sec-36 files are only named; they are fetched when asked for, without the token, from discord's hosts alone", () =>
    withBench(async (bench) => {
      const { discord, channel } = bench;
      const origin = new URL(discord.url).origin;
      const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1]);
      discord.files.set("/files/1/a.txt", png);
      discord.say({
        more: { attachments: [{ id: "1", filename: "a.txt", content_type: "text/plain; charset=utf-8", size: 9, url: `${origin}/files/1/a.txt` }] },
      });
      const [update] = await take(bench);
      assert.ok(!discord.calls.some((call) => call.path.startsWith("/files/")));
      const [part] = partsOf(update);
      assert.ok(part?.type === "media");
      const fetched = await channel.fetchMedia!(part.media, AbortSignal.timeout(5_000));
      assert.deepEqual([fetched.type, fetched.name, [...fetched.bytes]], ["text/plain", "a.txt", [...png]]);
      const refused = async (change: object) =>
        assert.rejects(channel.fetchMedia!({ ...part.media, ...change }, AbortSignal.timeout(5_000)), { failure: "permanent" });
      await refused({ ref: "http://169.254.169.254/latest" });
      await refused({ size: 50_000_000 });
      assert.equal(discord.calls.filter((call) => call.path.startsWith("/files/")).length, 1);
      assert.deepEqual(discord.violations, []);
    }));
});

describe("commands and buttons of discord", () => {
  test("a slash command is the same as its text, and is answered only after the commit", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      const before = intake.begun;
      intake.hold();
      const status = discord.slash("status");
      await intake.until(() => intake.begun === before + 1);
      assert.equal(discord.interactionAnswers.length, 0);
      intake.release();
      discord.slash("ask", [{ name: "text", type: 3, value: "how are you" }], CHANNEL);
      const updates = await take(bench, 2);
      assert.deepEqual(updates.flatMap(partsOf), [
        { type: "text", text: "/status" },
        { type: "text", text: "how are you" },
      ]);
      assert.deepEqual(
        updates.map((update) => update.type === "message" && update.addressed),
        [true, true],
      );
      await discord.until(() => discord.interactionAnswers.length === 2);
      const answer = discord.interactionAnswers.find(({ id }) => id === status)!;
      assert.deepEqual([answer.body["type"], (answer.body["data"] as { flags: number }).flags], [4, 64]);
      assert.ok(!bench.logs().includes("canary-interaction"));
    }));

  test("every chat command is a slash command, with its words as an option; the owner's are for administrators alone", () =>
    withBench(async ({ discord, intake }) => {
      const isList = (call: { path: string }) => call.path.endsWith("/commands");
      await discord.until(() => discord.calls.some(isList));
      const list = discord.calls.find(isList)!.body as unknown as {
        name: string;
        description: string;
        options?: { required: boolean }[];
        default_member_permissions?: string;
      }[];
      assert.deepEqual(
        list.map(({ name }) => name),
        ["ask", ...chatCommands.map(({ name }) => name)],
      );
      const named = (name: string) => list.find((one) => one.name === name)!;
      assert.deepEqual([named("approve").options?.[0]?.required, named("approve").default_member_permissions], [true, "0"]);
      assert.deepEqual([named("think").options?.[0]?.required, named("think").default_member_permissions], [false, undefined]);
      assert.equal(named("new").options, undefined);
      assert.ok(list.every(({ description }) => description.length >= 1 && description.length <= 100));
      discord.slash("think", [{ name: "text", type: 3, value: "high" }]);
      await intake.until(() => intake.updates.length === 1);
      assert.deepEqual(partsOf(intake.updates[0]), [{ type: "text", text: "/think high" }]);
    }));

  test("a press that meant something takes the buttons away; another is only acknowledged", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      intake.outcome = (update) =>
        update.type === "press" && update.data.startsWith("ask:")
          ? { kind: "command", name: "approve", reply: "Allowed." }
          : { kind: "context", messageId: "m", sessionId: "s" };
      const message = { id: "5", channel_id: DIRECT };
      const first = discord.press(message, "ask:abc:once");
      const second = discord.press(message, "other");
      await discord.until(() => discord.interactionAnswers.length === 2);
      const body = (id: string) => discord.interactionAnswers.find((answer) => answer.id === id)!.body;
      assert.deepEqual(body(first), { type: 7, data: { components: [] } });
      assert.deepEqual(body(second), { type: 6 });
      const press = intake.updates[0]!;
      assert.deepEqual([press.type, press.key, press.type === "press" && press.data, press.sender.id], ["press", `press:${first}`, "ask:abc:once", PERSON]);
    }));

  test("sec-34 presses and commands of those who are refused cause nothing at all", () =>
    withBench(async (bench) => {
      const { discord, intake } = bench;
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      await discord.until(() => discord.calls.some((call) => call.path.endsWith("/commands")));
      const before = discord.calls.length;
      discord.slash("status");
      discord.press({ id: "5", channel_id: DIRECT }, "ask:abc:once", STRANGER);
      await intake.until(() => intake.updates.length === 2);
      await bench.stop();
      assert.deepEqual([discord.interactionAnswers.length, discord.calls.length - before], [0, 0]);
    }));
});
