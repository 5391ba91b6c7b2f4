import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update } from "../../../src/core/update.ts";
import { ANN, BOT } from "../../fakes/matrix/index.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { textMessage } from "../../../src/core/message.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const EVE = "@eve:test";

const relates = (relation: object, more: object = {}) => ({ content: { ...more, "m.relates_to": relation } });

/** Hands in what happens, one after the other, and answers the last update. */
async function heard({ intake }: Pick<Bench, "intake">, does: () => unknown): Promise<Update> {
  const before = intake.updates.length;
  does();
  await intake.until(() => intake.updates.length > before);
  return intake.updates.at(-1)!;
}

describe("matrix inbound", () => {
  test("in a room it is addressed by a mention, an answer to us, or in a thread in which we have spoken", () =>
    withBench(async (bench) => {
      const { matrix, channel } = bench;
      const room = matrix.town;
      const say = (content: object) => heard(bench, () => matrix.say("hm", { room, content }));
      const addressed = async (content: object) => {
        const update = await say(content);
        return update.type === "message" && !update.direct && update.addressed;
      };
      assert.equal(await addressed({}), false);
      assert.equal(await addressed({ "m.mentions": { user_ids: [ANN] }, body: `not ${BOT}` }), false);
      assert.equal(await addressed({ "m.mentions": { user_ids: [BOT] } }), true);
      assert.equal(await addressed({ formatted_body: `<a href="https://matrix.to/#/${BOT}">Clanker</a>` }), true);
      const ours = await channel.send(channel.render(textMessage("here"))[0]!, target(room));
      assert.equal(await addressed(relates({ "m.in_reply_to": { event_id: ours.messageId } }, { "m.mentions": {} }).content), true);
      const thread = { rel_type: "m.thread", event_id: ours.messageId, is_falling_back: true, "m.in_reply_to": { event_id: "$other" } };
      const update = await say(relates(thread).content);
      assert.ok(update.type === "message" && update.addressed);
      assert.equal(update.address.thread, ours.messageId);
      assert.equal(update.message.replyTo, undefined);
    }));

  test("a leading mention is no part of what is said, and a command may begin with an exclamation mark", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      const said = async (body: string, content: object = {}) => {
        const update = await heard(bench, () => matrix.say(body, { content }));
        return update.type === "message" ? update.message.parts[0] : undefined;
      };
      assert.deepEqual(await said("Clanker: good morning"), { type: "text", text: "good morning" });
      assert.deepEqual(await said("!help me"), { type: "text", text: "/help me" });
      assert.deepEqual(await said("!important"), { type: "text", text: "!important" });
      const reply = { "m.relates_to": { "m.in_reply_to": { event_id: "$x" } }, formatted_body: "<mx-reply>old</mx-reply>new" };
      assert.deepEqual(await said("> <@ann:test> old\n> more\n\nnew", reply), { type: "text", text: "new" });
      // A quotation of one's own stays.
      assert.deepEqual(await said("> a saying\n\nnice"), { type: "text", text: "> a saying\n\nnice" });
    }));

  test("edits count for their author alone, deletions and reactions name what they are about", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      const first = matrix.say("tpyo");
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const edit = (from: string) => ({
        from,
        content: { "m.new_content": { msgtype: "m.text", body: "typo" }, "m.relates_to": { rel_type: "m.replace", event_id: first.event_id } },
      });
      matrix.say("* typo", edit(EVE));
      const edited = await heard(bench, () => matrix.say("* typo", edit(ANN)));
      assert.ok(edited.type === "edit");
      assert.equal(edited.sender.id, ANN);
      assert.equal(edited.messageId, first.event_id);
      assert.deepEqual(edited.message.parts, [{ type: "text", text: "typo" }]);
      const annotation = { rel_type: "m.annotation", event_id: first.event_id, key: "👍" };
      const reacted = await heard(bench, () => matrix.say("", { type: "m.reaction", ...relates(annotation) }));
      assert.ok(reacted.type === "reaction" && !reacted.removed);
      assert.equal(reacted.emoji, "👍");
      const reaction = matrix.world.rooms.get(matrix.direct)!.at(-1)!;
      const back = await heard(bench, () => matrix.say("", { type: "m.room.redaction", content: { redacts: reaction.event_id } }));
      assert.ok(back.type === "reaction" && back.removed);
      assert.equal(back.messageId, first.event_id);
      const gone = await heard(bench, () => matrix.say("", { type: "m.room.redaction", content: { redacts: first.event_id } }));
      assert.ok(gone.type === "deletion");
      assert.equal(gone.messageId, first.event_id);
    }));

  test("sec-39 what programs say as a notice comes from a bot, and our own events are no updates", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      matrix.say("mine", { from: BOT });
      const update = await heard(bench, () => matrix.say("beep", { content: { msgtype: "m.notice" } }));
      assert.equal(update.sender.bot, true);
      assert.equal(bench.intake.updates.length, 1);
    }));

  test("files, places, stickers and polls are parts, and a vote says what was chosen", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      const id = matrix.world.media.set("f1", { bytes: Buffer.from("voice"), type: "audio/ogg" });
      assert.ok(id);
      const parts = async (content: object, type?: string) => {
        const update = await heard(bench, () => matrix.say("x", { content, ...(type === undefined ? {} : { type }) }));
        return update.type === "message" ? update.message.parts : [];
      };
      const [voice] = await parts({
        msgtype: "m.audio",
        url: "mxc://test/f1",
        "org.matrix.msc3245.voice": {},
        info: { mimetype: "audio/ogg", duration: 2_500, size: 5 },
      });
      assert.deepEqual(voice, { type: "media", media: { kind: "voice", ref: "mxc://test/f1", name: "x", type: "audio/ogg", size: 5, duration: 2.5 } });
      assert.equal(
        new TextDecoder().decode((await bench.channel.fetchMedia!((voice as { media: object }).media as never, AbortSignal.timeout(5_000))).bytes),
        "voice",
      );
      assert.deepEqual(await parts({ msgtype: "m.location", geo_uri: "geo:51.5,-0.1;u=35" }), [
        { type: "location", latitude: 51.5, longitude: -0.1, name: "x" },
      ]);
      assert.equal((await parts({ url: "mxc://test/f1" }, "m.sticker"))[0]?.type, "media");
      const poll = { question: { "org.matrix.msc1767.text": "Tea?" }, answers: [{ id: "1", "org.matrix.msc1767.text": "yes" }] };
      assert.deepEqual(await parts({ "org.matrix.msc3381.poll.start": poll }, "org.matrix.msc3381.poll.start"), [
        { type: "poll", question: "Tea?", options: ["yes"] },
      ]);
      const asked = await bench.channel.actions!.poll!(target(matrix.direct), { question: "Cake?", options: ["yes", "no"], multiple: false });
      const vote = { "org.matrix.msc3381.poll.response": { answers: ["no"] }, "m.relates_to": { rel_type: "m.reference", event_id: asked.messageId } };
      const voted = await heard(bench, () => matrix.say("", { type: "org.matrix.msc3381.poll.response", content: vote }));
      assert.ok(voted.type === "vote");
      assert.deepEqual([voted.pollId, voted.options], [asked.messageId, ["no"]]);
    }));

  test("hostile contents are skipped and hold up nothing", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      const contents = [
        { body: 42 },
        { body: null, "m.relates_to": 7 },
        { "m.relates_to": { rel_type: "m.replace", event_id: 5 } },
        { msgtype: "m.image", url: 5, file: null },
      ];
      for (const content of contents) matrix.say("x", { content });
      matrix.say("", { type: "m.reaction", content: { "m.relates_to": null } });
      matrix.say("", { type: "m.room.member", content: {} });
      matrix.say("", { type: "org.matrix.msc3381.poll.start", content: { "org.matrix.msc3381.poll.start": { answers: [null] } } });
      matrix.say("fine");
      await bench.intake.until(() => bench.intake.updates.some((update) => update.type === "message" && JSON.stringify(update.message).includes("fine")));
      assert.equal(bench.channel.status().state, "ready");
    }));

  test("fault-47 what was said while nobody listened is read when a sync leaves it out, in order and once", async () => {
    const intake = createRecordingIntake();
    const bench = await createBench({ intake });
    const { matrix } = bench;
    matrix.settings.limit = 3;
    try {
      for (let number = 1; number <= 240; number++) matrix.say(`n${number}`);
      bench.start();
      await intake.until(() => intake.updates.length === 240);
      assert.deepEqual(
        intake.updates.map((update) => update.type === "message" && (update.message.parts[0] as { text: string }).text),
        Array.from({ length: 240 }, (_, index) => `n${index + 1}`),
      );
      await matrix.until(() => bench.channel.status().state === "ready");
      assert.equal(intake.updates.length, 240);
    } finally {
      await bench.close();
    }
  });

  test("fault-43 fault-51 a poll that hangs is given up and made again, and the status says so meanwhile", () =>
    withBench(
      async (bench) => {
        const { matrix, channel } = bench;
        matrix.faults.push({ call: "GET /client/v3/sync", hang: true });
        await matrix.until(() => channel.status().code === "matrix_unreachable");
        await heard(bench, () => matrix.say("are you there?"));
        await matrix.until(() => channel.status().state === "ready");
      },
      { timing: { syncMs: 100, graceMs: 200 } },
    ));

  test("at the first start nothing of before is handed in", async () => {
    const bench = await createBench({ cursor: "" });
    bench.matrix.say("long ago");
    try {
      bench.start();
      await bench.matrix.until(() => bench.channel.status().state === "ready");
      await heard(bench, () => bench.matrix.say("now"));
      assert.equal(bench.intake.updates.length, 1);
    } finally {
      await bench.close();
    }
  });

  test("sec-32 a third who comes into a conversation of two makes it a group", () =>
    withBench(async (bench) => {
      const { matrix } = bench;
      assert.equal((await heard(bench, () => matrix.say("alone"))).direct, true);
      matrix.world.member(matrix.direct, EVE, "invite", { sender: ANN });
      assert.equal((await heard(bench, () => matrix.say("not alone"))).direct, false);
    }));

  test("of a room in which much was said before we came, only what was said afterwards is read, whatever the clocks say", () =>
    withBench(async (bench) => {
      const { matrix, intake } = bench;
      matrix.settings.limit = 2;
      const room = matrix.world.createRoom([ANN]);
      for (let number = 1; number <= 5; number++) matrix.say(`before ${number}`, { room });
      matrix.world.member(room, BOT, "join");
      for (let number = 1; number <= 5; number++)
        matrix.world.add(room, {
          type: "m.room.message",
          sender: ANN,
          content: { msgtype: "m.text", body: `after ${number}` },
          origin_server_ts: Date.now() - 60_000,
        });
      await intake.until(() => JSON.stringify(intake.updates).includes("after 5"));
      const said = intake.updates.flatMap((update) => (update.type === "message" ? update.message.parts : [])).map((part) => part.type === "text" && part.text);
      assert.deepEqual(
        said,
        [1, 2, 3, 4, 5].map((number) => `after ${number}`),
      );
      // A new name is told by an event of the same kind as coming in.
      matrix.settings.limit = 50;
      matrix.say("and then", { room });
      matrix.world.member(room, BOT, "join");
      await intake.until(() => JSON.stringify(intake.updates).includes("and then"));
    }));

  test("sec-34 an invitation is taken only where receive lets its sender in", () =>
    withBench(async (bench) => {
      const { matrix, intake } = bench;
      const joined = (room: string) => matrix.world.membership(room, BOT) === "join";
      intake.outcome = (update) => (update.sender.id === EVE ? { kind: "refused", reason: "stranger" } : { kind: "context", messageId: "m", sessionId: "s" });
      const strange = matrix.world.createRoom([EVE]);
      await heard(bench, () => matrix.world.member(strange, BOT, "invite", { sender: EVE }));
      const friendly = matrix.world.createRoom([ANN]);
      await heard(bench, () => matrix.world.member(friendly, BOT, "invite", { sender: ANN, content: { is_direct: true } }));
      await matrix.until(() => joined(friendly));
      await matrix.until(() => (matrix.world.accountDataOf(BOT).get("m.direct") as Record<string, string[]>)[ANN]!.includes(friendly));
      assert.equal((await heard(bench, () => matrix.say("hello", { room: friendly }))).direct, true);
      assert.equal(joined(strange), false);
      const kinds = intake.updates.filter(({ address }) => address.conversation === strange).map(({ type }) => type);
      assert.deepEqual(kinds, ["membership"]);
      const left = await heard(bench, () => matrix.world.member(friendly, BOT, "leave", { sender: ANN }));
      assert.ok(left.type === "membership" && left.change === "left");
    }));

  test("a stranger who asks for a conversation of two is answered there, and only what the hall has to say brings us in", () =>
    withBench(async (bench) => {
      const { matrix, intake, channel } = bench;
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      const room = matrix.world.createRoom([EVE]);
      await heard(bench, () => matrix.world.member(room, BOT, "invite", { sender: EVE, content: { is_direct: true } }));
      await intake.until(() => intake.updates.some(({ type, address }) => type === "message" && address.conversation === room));
      const asked = intake.updates.at(-1)!;
      assert.ok(asked.type === "message" && asked.direct);
      assert.equal(asked.sender.id, EVE);
      assert.equal(matrix.world.membership(room, BOT), "invite");
      await channel.send(channel.render(textMessage("Your code is ABCDEFGH"))[0]!, target(room));
      assert.deepEqual(matrix.texts(room), ["Your code is ABCDEFGH"]);
      // What she says then is hers, in a conversation of two.
      const said = await heard(bench, () => matrix.say("hello?", { room, from: EVE }));
      assert.equal(said.direct, true);
    }));

  test("people who are let in see that they were read, strangers see nothing", () =>
    withBench(async (bench) => {
      const { matrix, intake } = bench;
      intake.outcome = (update) => (update.sender.id === EVE ? { kind: "refused", reason: "stranger" } : { kind: "context", messageId: "m", sessionId: "s" });
      const eve = matrix.say("psst", { room: matrix.town, from: EVE });
      const ann = matrix.say("hello");
      await matrix.until(() => matrix.calls.some(({ call }) => call.includes(`/receipt/m.read/${ann.event_id}`)));
      assert.ok(!matrix.calls.some(({ call }) => call.includes(eve.event_id)));
    }));
});
