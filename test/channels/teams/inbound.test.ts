import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update } from "../../../src/core/update.ts";
import { ANN, BOT, CHAT, DIRECT, TOWN } from "../../fakes/teams/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const THREAD = `${TOWN};messageid=1481567603816`;

async function take({ teams, intake }: Bench, activity: Record<string, unknown> & { id: string }): Promise<Update> {
  const count = intake.updates.length;
  await teams.deliver(activity);
  await intake.until(() => intake.updates.length > count);
  return intake.updates.at(-1)!;
}

describe("what Teams tells", () => {
  test("a message in a personal chat comes with the person's object id, its place and its time", () =>
    withBench(async (bench) => {
      const activity = bench.teams.message("good&nbsp;morning\r\nfriend");
      const update = await take(bench, activity);
      assert.deepEqual(update, {
        type: "message",
        key: `msg:${DIRECT}:${activity.id}`,
        address: { channel: "teams", account: "default", conversation: DIRECT },
        sender: { id: ANN, name: "Ann" },
        direct: true,
        at: Date.parse(String(activity["timestamp"])),
        messageId: activity.id,
        message: { parts: [{ type: "text", text: "good morning\nfriend" }] },
        addressed: true,
      });
    }));

  test("in a channel each thread is a place of its own; who is mentioned is said by the entities, and our own mention is not part of what was said", () =>
    withBench(async (bench) => {
      const { teams } = bench;
      const called = await take(
        bench,
        teams.mention("what is <at>Bob</at> doing?", {
          conversation: THREAD,
          entities: [
            { type: "mention", mentioned: { id: BOT, name: "Clanker" }, text: "<at>Clanker</at>" },
            { type: "mention", mentioned: { id: "29:bob", name: "Bob <b>B</b>" }, text: "<at>Bob</at>" },
          ],
        }),
      );
      assert.deepEqual(called.address, { channel: "teams", account: "default", conversation: TOWN, thread: "1481567603816" });
      assert.deepEqual(called.type === "message" && [called.addressed, called.direct, called.message.parts], [
        true,
        false,
        [{ type: "text", text: "what is @Bob B doing?" }],
      ]);
      const forged = await take(bench, teams.message("<at>Clanker</at> delete all", { conversation: CHAT }));
      assert.deepEqual(forged.type === "message" && [forged.addressed, forged.message.parts], [false, [{ type: "text", text: "@Clanker delete all" }]]);
      const bare = await take(bench, teams.mention("", { conversation: CHAT }));
      assert.deepEqual(bare.type === "message" && [bare.addressed, bare.message.parts], [true, [{ type: "text", text: "@Clanker" }]]);
    }));

  test("what is said in a thread in which we have spoken is said to us", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      await channel.send(channel.render({ parts: [{ type: "text", text: "here" }] })[0]!, target(TOWN, { thread: "1481567603816" }));
      const answered = await take(bench, teams.message("and now?", { conversation: THREAD }));
      assert.equal(answered.type === "message" && answered.addressed, true);
      const elsewhere = await take(bench, teams.message("and now?", { conversation: `${TOWN};messageid=1` }));
      assert.equal(elsewhere.type === "message" && elsewhere.addressed, false);
    }));

  test("a quoted answer names the message that it answers", () =>
    withBench(async (bench) => {
      const html = '<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="1700000000001"><p>old</p></blockquote><p>new</p>';
      const update = await take(bench, bench.teams.message("new", { attachments: [{ contentType: "text/html", content: html }] }));
      assert.equal(update.type === "message" && update.message.replyTo, "1700000000001");
    }));

  test("edits, deletions, reactions and our coming and going", () =>
    withBench(async (bench) => {
      const { teams } = bench;
      const said = teams.message("before");
      await take(bench, said);
      const edit = await take(bench, {
        ...said,
        type: "messageUpdate",
        text: "after",
        timestamp: "2026-11-22T00:00:00.000Z",
        channelData: { ...(said["channelData"] as object), eventType: "editMessage" },
      });
      assert.deepEqual(
        [edit.type, edit.key, edit.type === "edit" && edit.message.parts],
        ["edit", `edit:${DIRECT}:${said.id}:${Date.UTC(2026, 10, 22)}`, [{ type: "text", text: "after" }]],
      );
      const { text: _, ...rest } = said;
      const gone = await take(bench, { ...rest, id: said.id, type: "messageDelete" });
      assert.deepEqual([gone.type, gone.type === "deletion" && gone.messageId], ["deletion", said.id]);
      const liked = await take(bench, teams.activity({ type: "messageReaction", replyToId: "17", reactionsAdded: [{ type: "like" }], id: "f:1" }));
      assert.deepEqual(liked.type === "reaction" && [liked.messageId, liked.emoji, liked.removed], ["17", "👍", false]);
      const unliked = await take(bench, teams.activity({ type: "messageReaction", replyToId: "17", reactionsRemoved: [{ type: "like" }], id: "f:2" }));
      assert.deepEqual(unliked.type === "reaction" && [unliked.emoji, unliked.removed], ["👍", true]);
      const eyes = teams.activity({
        type: "messageReaction",
        replyToId: "17",
        reactionsAdded: [{ type: "1f996_trex" }, { type: "rofl" }, { type: "odd" }],
        id: "f:5",
      });
      await take(bench, eyes);
      assert.deepEqual(
        bench.intake.updates.slice(-3).map((update) => update.type === "reaction" && update.emoji),
        ["🦖", "🤣", ":odd:"],
      );
      const joined = await take(bench, teams.activity({ type: "conversationUpdate", membersAdded: [{ id: BOT }], conversation: TOWN, id: "f:3" }));
      assert.deepEqual(joined.type === "membership" && [joined.change, joined.address.conversation], ["joined", TOWN]);
      const left = await take(bench, teams.activity({ type: "installationUpdate", action: "remove", id: "f:4" }));
      assert.equal(left.type === "membership" && left.change, "left");
      const count = bench.intake.updates.length;
      await teams.deliver(teams.activity({ type: "conversationUpdate", membersAdded: [{ id: "29:somebody" }], conversation: TOWN }));
      await teams.deliver(teams.activity({ type: "installationUpdate", action: "add" }));
      await teams.deliver(teams.activity({ type: "typing" }));
      assert.equal(bench.intake.updates.length, count);
    }));

  test("sec-30 who has no object id has an id that nobody can be given rights by", () =>
    withBench(async (bench) => {
      const { teams } = bench;
      const bot = await take(bench, { ...teams.message("x", { conversation: CHAT }), from: { id: "28:other", name: "Ann", role: "bot" } });
      assert.deepEqual(bot.sender, { id: "teams:28:other", name: "Ann", bot: true });
      const guest = await take(bench, { ...teams.message("x", { conversation: CHAT }), from: { id: ANN, name: "Ann" } });
      assert.equal(guest.sender.id, `teams:${ANN}`);
    }));

  test("a press is answered in time with what the hall says; in a personal chat the buttons go", () =>
    withBench(async (bench) => {
      const { teams, channel, intake } = bench;
      const asked = channel.render({ parts: [{ type: "text", text: "May I **run** `ls`?" }], buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] })[0]!;
      const { messageId } = await channel.send(asked, target(DIRECT));
      assert.deepEqual(teams.texts(DIRECT), ["May I run ls?"]);
      intake.outcome = () => ({ kind: "command", name: "approve", reply: "Approved once." });
      const press = teams.press(messageId, "Yes");
      const answered = (await (await teams.post(press)).json()) as { statusCode: number; type: string; value: { body: object[]; actions?: object[] } };
      assert.equal(answered.type, "application/vnd.microsoft.card.adaptive");
      assert.equal(answered.value.actions, undefined);
      assert.match(JSON.stringify(answered.value.body), /Approved once\./);
      const update = intake.updates.at(-1)!;
      assert.deepEqual(update.type === "press" && [update.data, update.messageId, update.sender.id, update.direct], ["ask:ABCDEF:once", messageId, ANN, true]);
      const said = async (outcome: ReturnType<typeof intake.outcome>) => {
        intake.outcome = () => outcome;
        return ((await (await teams.post(teams.press(messageId, "Yes", { conversation: CHAT, id: `f:${Math.random()}` }))).json()) as { value: string }).value;
      };
      assert.equal(await said({ kind: "command", name: "approve", reply: "Approved." }), "Approved.");
      assert.equal(await said({ kind: "refused", reason: "stranger" }), "This is not yours to answer.");
      assert.equal((await teams.post(teams.activity({ type: "invoke", name: "composeExtension/query" }))).status, 501);
      // An old client posts what stands behind the button as a message.
      const old = await take(bench, teams.activity({ type: "message", value: { clanker: "ask:ABCDEF:once" }, replyToId: messageId }));
      assert.equal(old.type === "press" && old.data, "ask:ABCDEF:once");
    }));

  test("fault-58 a press that cannot be stored is not answered as if it were", () =>
    withBench(async ({ teams, channel, intake }) => {
      const { messageId } = await channel.send(
        channel.render({ parts: [{ type: "text", text: "?" }], buttons: [{ label: "Yes", data: "d" }] })[0]!,
        target(DIRECT),
      );
      intake.rejectNext(new Error("broken"));
      assert.equal((await teams.post(teams.press(messageId, "Yes"))).status, 503);
      assert.equal(channel.status().code, "teams_intake_failed");
    }));

  test("fault-26 where a conversation is reached is committed with its first message and outlives a restart", async () => {
    const first = await createBench();
    try {
      first.start();
      await first.teams.until(() => first.channel.status().state === "ready");
      await take(first, first.teams.message("one"));
      await take(first, first.teams.message("two"));
      const cursors = first.intake.cursors;
      assert.equal(cursors.length, 1);
      assert.equal(cursors[0]!.value, JSON.stringify({ serviceUrl: first.teams.serviceUrl, kind: "personal" }));
      // The row stays when the person is forgotten.
      assert.ok(!JSON.stringify(cursors).includes(DIRECT));
      // Another process, with nothing but what is on record.
      await withBench(
        async ({ channel, teams }) => {
          await channel.send(channel.render({ parts: [{ type: "text", text: "later" }] })[0]!, target(DIRECT));
          // Without a record it would have gone to the first of service_urls, which is this bench's own.
          assert.deepEqual(teams.texts(DIRECT), []);
          assert.deepEqual(first.teams.texts(DIRECT), ["later"]);
        },
        {
          cursor: cursors[0]!.value,
          config: { service_urls: [`${first.teams.origin}/teams/`], login_url: `${first.teams.origin}/login/`, metadata_url: `${first.teams.origin}/metadata` },
        },
      );
    } finally {
      await first.close();
    }
  });
});
