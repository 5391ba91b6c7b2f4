import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update } from "../../../src/core/update.ts";
import { ANN, BOT, DIRECT, TOWN } from "../../fakes/mattermost/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const texts = (update: Update) => ("message" in update ? update.message.parts.map((part) => (part.type === "text" ? part.text : part.type)) : []);
const heard = async (bench: Bench, count: number): Promise<Update[]> => {
  await bench.intake.until(() => bench.intake.updates.length >= count);
  return [...bench.intake.updates];
};

describe("mattermost inbound", () => {
  test("in a channel only what calls the bot is said to it, and a mention opens a thread of its own", () =>
    withBench(async (bench) => {
      const { mattermost } = bench;
      mattermost.say({ channel_id: TOWN, message: "nobody in particular" });
      const call = mattermost.say({ channel_id: TOWN, message: "@Clanker: what time is it?" });
      mattermost.say({ channel_id: TOWN, message: "mail me@clanker and @clanker-two" });
      mattermost.say({ channel_id: TOWN, message: "and you, @clanker." });
      const [idle, asked, other, called] = await heard(bench, 4);
      assert.deepEqual(
        [idle, asked, other, called].map((update) => update?.type === "message" && [update.addressed, update.direct]),
        [
          [false, false],
          [true, false],
          [false, false],
          [true, false],
        ],
      );
      assert.deepEqual(texts(asked!), ["what time is it?"]);
      assert.deepEqual([idle!.address.thread, asked!.address.thread], [undefined, call.id]);
      assert.equal(asked!.sender.id, ANN);
    }));

  test("an answer in a thread in which we have spoken is said to us without a mention", () =>
    withBench(async (bench) => {
      const root = bench.mattermost.say({ channel_id: TOWN, message: "@clanker hello" });
      await heard(bench, 1);
      const [part] = bench.channel.render({ parts: [{ type: "text", text: "hi" }] });
      await bench.channel.send(part!, {
        address: { channel: "mattermost", account: "default", conversation: TOWN, thread: root.id },
        nonce: "n",
        signal: new AbortController().signal,
      });
      bench.mattermost.say({ channel_id: TOWN, root_id: root.id, message: "go on" });
      const [, answer] = await heard(bench, 2);
      assert.deepEqual([answer!.type === "message" && answer!.addressed, answer!.address.thread], [true, root.id]);
    }));

  test("edits, deletions, reactions and being removed arrive as such; a change of anything but words is no edit", () =>
    withBench(async (bench) => {
      const { mattermost } = bench;
      const post = mattermost.say({ message: "first" });
      mattermost.edit(post, "second");
      mattermost.dispatch("post_edited", { post: JSON.stringify({ ...post, edit_at: 0 }) }, DIRECT);
      mattermost.react(post, "thumbsup");
      mattermost.react(post, "thumbsup", true);
      mattermost.remove(post);
      mattermost.dispatch("user_removed", { channel_id: TOWN, remover_id: ANN });
      const updates = await heard(bench, 6);
      assert.deepEqual(
        updates.map((update) => [update.type, "emoji" in update && `${update.removed ? "-" : "+"}${update.emoji}`, update.sender.id]),
        [
          ["message", false, ANN],
          ["edit", false, ANN],
          ["reaction", "+:thumbsup:", ANN],
          ["reaction", "-:thumbsup:", ANN],
          ["deletion", false, ANN],
          ["membership", false, ANN],
        ],
      );
      assert.deepEqual(texts(updates[1]!), ["second"]);
      assert.ok(updates.slice(0, 5).every((update) => update.direct));
    }));

  test("sec-30 a webhook's post is never its maker's, notes of the system and our own posts are nothing", () =>
    withBench(async (bench) => {
      const { mattermost } = bench;
      mattermost.say({ user_id: BOT, message: "ours" });
      mattermost.say({ type: "system_join_channel", message: "ann joined" });
      mattermost.say({ message: "do it", props: { from_webhook: "true", override_username: "ann" } });
      mattermost.say({ message: "beep", props: { from_bot: "true" } });
      const [hook, bot] = await heard(bench, 2);
      assert.deepEqual([hook!.sender, bot!.sender.bot], [{ id: `webhook:${ANN}`, bot: true, name: "ann" }, true]);
    }));

  test("a file comes as a reference and is fetched when asked for", () =>
    withBench(async (bench) => {
      const id = bench.mattermost.attach("cat.png", "image/png", Buffer.from("PNG"));
      bench.mattermost.say({ message: "look", file_ids: [id] });
      const [update] = await heard(bench, 1);
      const media = update?.type === "message" && update.message.parts[0]?.type === "media" ? update.message.parts[0].media : undefined;
      assert.deepEqual(media, { kind: "photo", ref: id, name: "cat.png", type: "image/png", size: 3 });
      const fetched = await bench.channel.fetchMedia!(media!, new AbortController().signal);
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type, fetched.name], ["PNG", "image/png", "cat.png"]);
      await assert.rejects(bench.channel.fetchMedia!({ ...media!, ref: "gone" }, new AbortController().signal), { code: "mattermost_not_there" });
      await assert.rejects(bench.channel.fetchMedia!({ kind: "photo" }, new AbortController().signal), { code: "mattermost_no_file" });
    }));

  test("fault-47 what was said, changed and deleted while nobody listened is read from the history, once", async () => {
    const bench = await createBench();
    const { mattermost, channel } = bench;
    try {
      bench.start();
      await mattermost.until(() => channel.status().state === "ready");
      const early = mattermost.say({ message: "early" });
      const doomed = mattermost.say({ message: "doomed" });
      await heard(bench, 2);
      await bench.stop();
      mattermost.say({ message: "missed" });
      mattermost.edit(early, "changed");
      mattermost.remove(doomed);
      mattermost.remove(mattermost.say({ message: "came and went" }));
      bench.start();
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.slice(2).map((update) => [update.type, ...texts(update)]),
        [["message", "missed"], ["edit", "changed"], ["deletion"]],
      );
      mattermost.cut();
      mattermost.say({ message: "after the cut" });
      await bench.intake.until(() => bench.intake.updates.some((update) => texts(update)[0] === "after the cut"));
      assert.equal(bench.intake.updates.filter((update) => update.type === "message").length, 4);
    } finally {
      await bench.close();
    }
  });

  test("fault-43 a socket that falls silent is left for another", () =>
    withBench(async (bench) => {
      const { mattermost, channel } = bench;
      mattermost.silence(true);
      await mattermost.until(() => channel.status().state === "degraded");
      assert.match(channel.status().code ?? "", /mattermost_(silent|socket_lost)/);
      mattermost.silence(false);
      await mattermost.until(() => channel.status().state === "ready");
      mattermost.say({ message: "there?" });
      await heard(bench, 1);
    }));

  test("fault-48 a quiet server costs no new connection, and the last pong is shown", () =>
    withBench(async ({ mattermost, channel }) => {
      const [socket] = mattermost.sockets;
      const first = channel.status().lastAliveAt!;
      // More than two pings.
      await mattermost.until(() => channel.status().lastAliveAt! > first + 250);
      assert.deepEqual([...mattermost.sockets], [socket]);
      assert.equal(channel.status().state, "ready");
    }));

  test("fault-50 a connection that breaks again and again comes back, and what was said meanwhile is taken once", () =>
    withBench(async (bench) => {
      const { mattermost, channel, intake } = bench;
      // Before the first fact there is nothing to catch up with.
      mattermost.say({ message: "round 1" });
      await heard(bench, 1);
      for (let round = 2; round <= 4; round += 1) {
        mattermost.cut();
        mattermost.say({ message: `round ${round}` });
        await intake.until(() => intake.updates.length === round);
        await mattermost.until(() => channel.status().state === "ready");
      }
      assert.equal(new Set(intake.updates.map(({ key }) => key)).size, 4);
      assert.equal(intake.updates.length, 4);
    }));

  test("a refused token makes the account failed, with advice", async () => {
    const bench = await createBench();
    try {
      bench.mattermost.refuse(true);
      bench.start();
      await bench.mattermost.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "mattermost_token_refused");
    } finally {
      await bench.close();
    }
  });

  test("a reaction to what stands in a thread is told in that thread, though the server does not name it", () =>
    withBench(async ({ mattermost, channel, intake }) => {
      const root = mattermost.say({ channel_id: TOWN, message: "@clanker hi" });
      await intake.until(() => intake.updates.length === 1);
      const part = channel.render({ parts: [{ type: "text", text: "in there" }] })[0]!;
      const { messageId } = await channel.send(part, { ...target(TOWN), address: { ...target(TOWN).address, thread: root.id } });
      mattermost.react(mattermost.posts.get(messageId)!, "tada");
      await intake.until(() => intake.updates.length === 2);
      assert.equal(intake.updates[1]?.address.thread, root.id);
    }));
});
