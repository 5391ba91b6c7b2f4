import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Update } from "../../../src/core/update.ts";
import { ANN, EVE, GROUP, ME, NUMBER } from "../../fakes/signal/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);
const words = (update: Update | undefined) => parts(update).map((part) => ("text" in part ? part.text : part.type));
const heard = async ({ intake }: Bench, count: number): Promise<Update[]> => {
  await intake.until(() => intake.updates.length >= count);
  return [...intake.updates];
};
const calls = ({ signal }: Bench, method: string) => signal.calls.filter((call) => call.method === method).map(({ params }) => params);

describe("signal inbound", () => {
  test("sec-30 a sender is an account id, and an envelope that tells a phone number alone is nobody's", () =>
    withBench(async (bench) => {
      const { signal } = bench;
      const at = signal.tick();
      signal.deliver({
        ...signal.envelopeOf(ANN, at, { dataMessage: signal.dataOf(at, undefined, { message: "who?" }) }),
        sourceUuid: null,
        sourceNumber: "+1",
      });
      const timestamp = signal.say("it is me", { from: ANN.toUpperCase() });
      const [update] = await heard(bench, 1);
      assert.deepEqual(update!.sender, { id: ANN, name: "Eve" });
      assert.equal(update!.key, `msg:${ANN}:${ANN}:${timestamp}`);
      assert.deepEqual([update!.type === "message" && update!.addressed, update!.direct, update!.at], [true, true, timestamp + 1]);
    }));

  test("in a group only a mention or a quote of the assistant is said to it", () =>
    withBench(async (bench) => {
      const { signal } = bench;
      signal.say("nobody in particular", { group: GROUP });
      signal.say("\uFFFC, what time is it?", { group: GROUP, mentions: [{ name: ME, number: null, uuid: ME, start: 0, length: 1 }] });
      signal.say("ask \uFFFC, not \uFFFC", {
        group: GROUP,
        mentions: [
          { uuid: EVE, start: 11, length: 1 },
          { uuid: ANN, start: 4, length: 1 },
        ],
      });
      signal.say("that was wrong", { group: GROUP, quote: { id: 42, author: ME, authorUuid: ME, text: "two o'clock", attachments: [] } });
      signal.say("\uFFFC", { group: GROUP, mentions: [{ uuid: ME, start: 0, length: 1 }] });
      const updates = await heard(bench, 5);
      assert.deepEqual(
        updates.map((update) => [update.type === "message" && update.addressed, update.direct, update.address.conversation, words(update)[0]]),
        [
          [false, false, GROUP, "nobody in particular"],
          [true, false, GROUP, "what time is it?"],
          [false, false, GROUP, "ask @Ann, not @eeeeeeee"],
          [true, false, GROUP, "that was wrong"],
          [true, false, GROUP, "@you"],
        ],
      );
      const answered = updates[3]!;
      assert.deepEqual(answered.type === "message" && answered.message.quote, { text: "two o'clock", own: true });
      assert.equal(answered.type === "message" && answered.message.replyTo, `${ME}:42`);
    }));

  test("ranges of mentions that are nonsense change nothing", () =>
    withBench(async (bench) => {
      bench.signal.say("hi \uFFFC there", {
        mentions: [
          { uuid: EVE, start: -1, length: 5 },
          { uuid: EVE, start: 3, length: 99 },
          { uuid: EVE, start: 3.5, length: 1 },
          { start: 3, length: 1 },
        ],
      });
      const [update] = await heard(bench, 1);
      assert.deepEqual(words(update), ["hi @ there"]);
    }));

  test("edits, deletions, reactions and votes arrive as such, and name the first version of a message", () =>
    withBench(async (bench) => {
      const { signal } = bench;
      const first = signal.say("first");
      const second = signal.edit(first, "second");
      signal.edit(second, "third");
      const reaction = { emoji: "👍", targetAuthor: ANN, targetAuthorUuid: ANN, targetSentTimestamp: second, isRemove: false };
      signal.does({ reaction }, { from: EVE });
      signal.does({ reaction: { ...reaction, isRemove: true } }, { from: EVE });
      signal.does({ pollVote: { author: ME, authorUuid: ME, targetSentTimestamp: 7, optionIndexes: [0, 2], voteCount: 1 } });
      signal.does({ adminDelete: { targetAuthorUuid: EVE, targetSentTimestamp: 9 } }, { group: GROUP });
      signal.does({ remoteDelete: { timestamp: second } });
      const updates = await heard(bench, 8);
      const name = `${ANN}:${first}`;
      assert.deepEqual(
        updates.map((update) => [update.type, "messageId" in update ? update.messageId : update.type === "vote" && update.options, update.sender.id]),
        [
          ["message", name, ANN],
          ["edit", name, ANN],
          ["edit", name, ANN],
          ["reaction", name, EVE],
          ["reaction", name, EVE],
          ["vote", ["1", "3"], ANN],
          ["deletion", `${EVE}:9`, ANN],
          ["deletion", name, ANN],
        ],
      );
      assert.deepEqual(
        updates.flatMap((update) => (update.type === "reaction" ? [update.removed] : [])),
        [false, true],
      );
      assert.equal(new Set(updates.map(({ key }) => key)).size, 8);
    }));

  test("files, stickers, contacts and polls become parts; what may be seen once is not kept", () =>
    withBench(async (bench) => {
      const { signal } = bench;
      signal.files.set("a.png", Buffer.from("PNG"));
      signal.files.set("00ff:3", Buffer.from("WEBP"));
      signal.say("look", {
        attachments: [
          { contentType: "image/png", filename: "cat.png", id: "a.png", size: 3 },
          { contentType: "audio/aac", filename: null, id: "gone.aac", size: 30_000_000 },
          { contentType: "image/png", id: null },
        ],
        sticker: { packId: "00ff", stickerId: 3 },
        contacts: [{ name: { given: "Eve", family: "Moss" }, phone: [{ value: "+123", type: "MOBILE" }] }],
        pollCreate: { question: "When?", allowMultiple: false, options: ["now", "later"] },
      });
      signal.say("", { viewOnce: true, attachments: [{ contentType: "image/png", id: "a.png", size: 3 }] });
      const [update, once] = await heard(bench, 2);
      const [photo, voice, failed, sticker, ...rest] = parts(update);
      const signalOf = new AbortController().signal;
      assert.ok(photo?.type === "media" && voice?.type === "media" && sticker?.type === "media");
      assert.deepEqual(photo.media, { kind: "photo", ref: "file:a.png", name: "cat.png", type: "image/png", size: 3 });
      assert.equal(failed?.type, "notice");
      assert.deepEqual(rest, [
        { type: "contact", name: "Eve Moss", phone: "+123" },
        { type: "poll", question: "When?", options: ["now", "later"] },
        { type: "text", text: "look" },
      ]);
      const fetched = await bench.channel.fetchMedia!(photo.media, signalOf);
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type, fetched.name], ["PNG", "image/png", "cat.png"]);
      assert.equal(Buffer.from((await bench.channel.fetchMedia!(sticker.media, signalOf)).bytes).toString(), "WEBP");
      await assert.rejects(bench.channel.fetchMedia!(voice.media, signalOf), { code: "signal_file_too_big" });
      await assert.rejects(bench.channel.fetchMedia!({ kind: "audio", ref: "file:gone.aac" }, signalOf), { code: "signal_refused" });
      await assert.rejects(bench.channel.fetchMedia!({ kind: "audio" }, signalOf), { code: "signal_no_file" });
      assert.deepEqual(
        parts(once).map(({ type }) => type),
        ["notice"],
      );
    }));

  test("a note to self is said to the assistant, what another device writes to others is not", () =>
    withBench(async (bench) => {
      const { signal } = bench;
      const sync = (to: string, message: string) => {
        const at = signal.tick();
        signal.deliver(signal.envelopeOf(ME, at, { syncMessage: { sentMessage: { destinationUuid: to, ...signal.dataOf(at, undefined, { message }) } } }));
      };
      sync(ANN, "for Ann");
      sync(ME, "for me");
      const [update] = await heard(bench, 1);
      assert.deepEqual([words(update), update!.sender.id, update!.address.conversation], [["for me"], ME, ME]);
      assert.equal(calls(bench, "sendReceipt").length, 0);
    }));

  test("sec-34 who was let in is told that they were read; a stranger is not", () =>
    withBench(async (bench) => {
      const { signal, intake } = bench;
      intake.outcome = ({ sender }) => (sender.id === EVE ? { kind: "refused", reason: "stranger" } : { kind: "command", name: "help", reply: "" });
      signal.say("let me in", { from: EVE });
      const at = signal.say("/help");
      await signal.until(() => calls(bench, "sendReceipt").length > 0);
      assert.deepEqual(calls(bench, "sendReceipt"), [{ account: NUMBER, recipient: ANN, targetTimestamp: at, type: "read" }]);
    }));

  test("a changed safety number is told until the person can be read again", () =>
    withBench(async (bench) => {
      const { signal, channel } = bench;
      signal.changeSafetyNumber();
      await signal.until(() => channel.status().state === "degraded");
      assert.equal(channel.status().code, "signal_safety_number_changed");
      assert.ok(channel.status().detail?.includes(ANN));
      signal.say("it is really me");
      await signal.until(() => channel.status().state === "ready");
    }));
});

describe("the signal daemon's stream", () => {
  test("fault-47 what was sent while the gateway was away waits at Signal and comes in order, once", async () => {
    const bench = await createBench();
    const { signal } = bench;
    try {
      bench.start();
      await signal.until(() => signal.streams === 1);
      signal.say("before");
      await heard(bench, 1);
      await bench.stop();
      await signal.until(() => signal.streams === 0);
      signal.say("missed");
      signal.say("missed too");
      assert.equal(signal.held(), 2);
      bench.start();
      const updates = await heard(bench, 3);
      assert.deepEqual(updates.flatMap(words), ["before", "missed", "missed too"]);
      signal.cut();
      signal.say("after the cut");
      await heard(bench, 4);
    } finally {
      await bench.close();
    }
  });

  test("fault-58 while nothing can be stored little is taken from the daemon, and all of it is handed in later", () =>
    withBench(async (bench) => {
      const { signal, intake } = bench;
      intake.hold();
      for (let i = 0; i < 50; i++) signal.say(`message ${i}`);
      await intake.until(() => intake.begun === 1);
      intake.release();
      const updates = await heard(bench, 50);
      assert.deepEqual(
        updates.flatMap(words),
        Array.from({ length: 50 }, (_, i) => `message ${i}`),
      );
    }));

  test("fault-43 a stream that falls silent is left for another", () =>
    withBench(
      async (bench) => {
        const { signal, channel } = bench;
        signal.silence(true);
        await signal.until(() => channel.status().code === "signal_silent");
        signal.silence(false);
        await signal.until(() => channel.status().state === "ready");
        signal.say("there?");
        await heard(bench, 1);
      },
      { timing: { silentMs: 300 } },
    ));

  test("fault-48 a quiet account is alive as long as the daemon says so", () =>
    withBench(async ({ signal, channel }) => {
      const { lastAliveAt } = channel.status();
      await signal.until(() => channel.status().lastAliveAt! > lastAliveAt! + 100);
      assert.deepEqual([channel.status().state, channel.status().lastEventAt], ["ready", undefined]);
    }));

  test("fault-45 a daemon that receives on its own start is warned of, for it loses what comes while we are away", async () => {
    for (const [daemon, warned] of [
      [{ mode: "on-start" }, true],
      [{ mode: "on-connection", single: true }, false],
      [{ mode: "on-start", single: true }, true],
    ] as const)
      await withBench(async (bench) => assert.equal(/somebody else receives/.test(bench.logs()), warned, JSON.stringify(daemon)), { daemon });
  });

  test("accounts of one daemon are kept apart, and one that it does not have is failed, with advice", async () => {
    const other = "+4915187654321";
    const daemon = { accounts: { [NUMBER]: ME, [other]: EVE } };
    await withBench(
      async (bench) => {
        bench.signal.say("not for us", { number: NUMBER });
        bench.signal.say("for us", { number: other });
        const [update] = await heard(bench, 1);
        assert.deepEqual(words(update), ["for us"]);
        assert.equal(bench.channel.status().identity, EVE);
      },
      { daemon, config: { number: other } },
    );
    const bench = await createBench({ daemon, config: { number: "+10000000" } });
    try {
      bench.start();
      await bench.signal.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "signal_account_unknown");
    } finally {
      await bench.close();
    }
  });

  test("a device that was unlinked while we ran is failed, and what is no daemon is told apart", () =>
    withBench(async ({ signal, channel }) => {
      signal.faults.push({ call: "events", status: 400 });
      signal.cut();
      await signal.until(() => channel.status().code === "signal_account_unknown");
      await signal.until(() => channel.status().state === "ready");
      signal.faults.push({ call: "events", status: 421 });
      signal.cut();
      await signal.until(() => channel.status().code === "signal_not_a_daemon");
      await signal.until(() => channel.status().state === "ready");
    }));
});
