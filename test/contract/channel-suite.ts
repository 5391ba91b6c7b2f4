import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { type Address, formatAddress } from "../../src/core/address.ts";
import type { ActionTarget, Channel, ChannelActions, SendTarget } from "../../src/core/channel.ts";
import { ChannelError, StoreError } from "../../src/core/errors.ts";
import { type Message, type MessagePart, textMessage } from "../../src/core/message.ts";
import { isBlank } from "../../src/lib/markdown/index.ts";
import { createRecordingIntake, type RecordingIntake } from "../channels/recording-intake.ts";

/** One adapter beside a fake of its platform, made anew for each case. */
export interface ChannelHarness {
  readonly channel: Channel;
  /** A place where the adapter may send. */
  readonly address: Address;
  /** The credential in use, to be found nowhere. */
  readonly canary: string;
  /** Everything logged so far, as text. */
  logs(): string;
  /** What a person reads of this text, in one piece. */
  plain(text: string): string;
  /** Somebody writes at `address`. */
  say(text: string): void;
  /** The platform hands in something that no version of the adapter knows. */
  sayUnknown(): void;
  /** How many facts (from `say` and `sayUnknown`) the platform counts as taken. */
  acknowledged(): number;
  /** What the adapter has posted at `address`, oldest first, as it stands now. */
  posted(): string[];
  /** The next send fails in this way: refused for now, refused for ever, taken but the answer lost. */
  failNextSend(failure: ChannelError["failure"]): void;
  /** What people see of the actions, for a channel that has some. */
  readonly acts?: PlatformView;
  /** The connection to the platform is broken, or works again. */
  breakConnection(broken: boolean): void;
  /** Resolves as soon as the condition holds. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export interface PlatformView {
  /** Emojis with which the account has reacted to this message. */
  reactions?(messageId: string): readonly string[];
  /** Ids of the messages that are pinned at `address`. */
  pinned?(): readonly string[];
  /** `QUESTION: OPTION/OPTION` of each poll at `address`. */
  polls?(): readonly string[];
  /** Where a thread may begin; default: `address`. */
  readonly threadsAt?: Address;
  /** Id of a message that is not there; absent: the platform does not say. */
  readonly missing?: string;
  /** The next poll is taken, but the answer is lost. */
  dropNextPoll?(): void;
}

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
/** Without -0 and NaN, which JSON has no form for; far too large ones stay. */
const degrees = fc.double({ noNaN: true, noDefaultInfinity: true, min: -400, max: 400 }).map((value) => value + 0);

const parts: fc.Arbitrary<MessagePart> = fc.oneof(
  record({ type: fc.constantFrom("text" as const, "notice" as const), text: fc.string({ unit: "binary", maxLength: 300 }) }),
  record({ type: fc.constant("location" as const), latitude: degrees, longitude: degrees, name: fc.string() }),
  record({ type: fc.constant("contact" as const), name: fc.string(), phone: fc.string() }),
  record({ type: fc.constant("poll" as const), question: fc.string({ maxLength: 400 }), options: fc.array(fc.string({ maxLength: 120 }), { maxLength: 14 }) }),
  record({
    type: fc.constant("media" as const),
    media: record({ kind: fc.constantFrom("photo" as const, "voice" as const, "document" as const, "sticker" as const), blob: fc.string(), name: fc.string() }),
  }),
);

const markdown = fc
  .array(
    fc.constantFrom(
      "**",
      "*",
      "_",
      "`",
      "```\n",
      "```ts\n",
      "~~",
      "\n",
      "\n\n",
      "> ",
      "- ",
      "1. ",
      "# ",
      "| a | b |\n|-|-|\n",
      "[x](http://a.b)",
      "<b>",
      "&amp;",
      "👩‍👩‍👧‍👦",
      "🇩🇪",
      "é",
      "\ud800",
      "word ",
      "x".repeat(90),
    ),
    { maxLength: 120 },
  )
  .map((pieces) => pieces.join(""));

/** What every channel adapter must do. @param make starts the adapter's fake platform and makes the adapter over `intake`; it does not start it. */
export function channelSuite(name: string, make: (intake: RecordingIntake) => Promise<ChannelHarness>): void {
  const withHarness = async (run: (harness: ChannelHarness, intake: RecordingIntake) => Promise<void>): Promise<void> => {
    const intake = createRecordingIntake();
    const harness = await make(intake);
    try {
      await run(harness, intake);
    } finally {
      intake.release();
      await harness.close();
    }
  };
  const running = (run: (harness: ChannelHarness, intake: RecordingIntake) => Promise<void>, applies: (harness: ChannelHarness) => boolean = () => true) =>
    withHarness(async (harness, intake) => {
      if (!applies(harness)) return;
      const stop = new AbortController();
      const done = harness.channel.start(stop.signal);
      try {
        await run(harness, intake);
      } finally {
        intake.release();
        stop.abort();
        await done;
      }
    });
  const target = (harness: ChannelHarness, nonce = "n1"): SendTarget => ({ address: harness.address, nonce, signal: AbortSignal.timeout(10_000) });

  describe(`channel ${name}`, () => {
    test("rendering never throws, is never empty, is plain JSON and gives the same parts again", () =>
      withHarness(async ({ channel }) => {
        fc.assert(
          fc.property(fc.array(parts, { maxLength: 5 }), (list) => {
            const message: Message = { parts: list };
            const rendered = channel.render(message);
            assert.ok(rendered.length > 0);
            assert.deepEqual(channel.render(message), rendered);
            assert.deepEqual(JSON.parse(JSON.stringify(rendered)), rendered);
          }),
          { numRuns: 100 },
        );
      }));

    test("fault-27 parts hold at most maxText, cut no surrogate pair and join to exactly the plain text", () =>
      withHarness(async ({ channel, plain }) => {
        const check = (text: string) => {
          const expected = plain(text);
          const rendered = channel.render(textMessage(text));
          for (const part of rendered) {
            assert.ok(part.text.length <= channel.capabilities.maxText);
            assert.ok(part.text.isWellFormed());
          }
          if (!isBlank(expected)) assert.equal(rendered.map((part) => part.text).join(""), expected);
        };
        fc.assert(
          fc.property(fc.oneof(markdown, fc.string({ unit: "binary", maxLength: 200 })), fc.integer({ min: 1, max: 40 }), (text, times) =>
            check(text.repeat(times)),
          ),
          { numRuns: 60 },
        );
        check("Der Text ist lang. 👩‍👩‍👧‍👦 ".repeat(4_000));
        check("🇩🇪".repeat(5_000));
      }));

    test("a message of a person arrives with a stable key, its place and its sender", () =>
      running(async (harness, intake) => {
        harness.say("good morning");
        await intake.until(() => intake.updates.length === 1);
        const update = intake.updates[0]!;
        assert.equal(update.type, "message");
        assert.deepEqual(update.type === "message" && update.message.parts, [{ type: "text", text: "good morning" }]);
        assert.equal(formatAddress(update.address), formatAddress(harness.address));
        assert.match(update.key, /^msg:/);
        assert.notEqual(update.sender.id, "");
        assert.ok(update.at > 1_600_000_000_000);
      }));

    test("fault-4 nothing is acknowledged before the intake has taken it", () =>
      running(async (harness, intake) => {
        await harness.until(() => harness.channel.status().state === "ready");
        // An adapter may have stored a position of its own by now.
        const before = intake.begun;
        intake.hold();
        harness.say("first");
        await intake.until(() => intake.begun === before + 1);
        harness.say("second");
        assert.equal(harness.acknowledged(), 0);
        intake.release();
        await harness.until(() => harness.acknowledged() === 2);
        assert.deepEqual(
          intake.updates.map((update) => update.type === "message" && update.message.parts[0]),
          [
            { type: "text", text: "first" },
            { type: "text", text: "second" },
          ],
        );
      }));

    test("fault-58 what the intake refuses is not acknowledged and comes again", () =>
      running(async (harness, intake) => {
        intake.rejectNext(new StoreError("store_full", "no room", { retryAfterMs: 10 }), 2);
        harness.say("keep me");
        await intake.until(() => intake.begun >= 2);
        assert.equal(harness.acknowledged(), 0);
        await intake.until(() => intake.updates.length === 1);
        await harness.until(() => harness.acknowledged() === 1 && harness.channel.status().state === "ready");
        assert.equal(intake.updates.length, 1);
      }));

    test("an unknown update is skipped and does not hold up the next message", () =>
      running(async (harness, intake) => {
        harness.sayUnknown();
        harness.say("after it");
        await intake.until(() => intake.updates.length === 1);
        await harness.until(() => harness.acknowledged() === 2);
        assert.equal(intake.updates[0]?.type, "message");
      }));

    test("fault-51 the status is ready only while the platform answers", () =>
      withHarness(async (harness) => {
        assert.equal(harness.channel.status().state, "stopped");
        const stop = new AbortController();
        harness.breakConnection(true);
        const done = harness.channel.start(stop.signal);
        await harness.until(() => ["degraded", "failed"].includes(harness.channel.status().state));
        assert.equal(harness.channel.status().lastAliveAt, undefined);
        assert.notEqual(harness.channel.status().detail, undefined);
        harness.breakConnection(false);
        await harness.until(() => harness.channel.status().state === "ready");
        assert.ok(harness.channel.status().lastAliveAt! > 0);
        assert.equal(harness.channel.status().code, undefined);
        stop.abort();
        await done;
        assert.equal(harness.channel.status().state, "stopped");
      }));

    test("it stops when told so and can be started again", () =>
      withHarness(async (harness, intake) => {
        for (let round = 1; round <= 2; round++) {
          const stop = new AbortController();
          const done = harness.channel.start(stop.signal);
          await harness.until(() => harness.channel.status().state === "ready");
          stop.abort();
          await done;
        }
        assert.equal(intake.updates.length, 0);
      }));

    test("a part that was sent is there, and can be replaced again and again", () =>
      running(async (harness) => {
        const { channel } = harness;
        await harness.until(() => channel.status().state === "ready");
        const receipt = await channel.send(channel.render(textMessage("one"))[0]!, target(harness));
        assert.deepEqual(harness.posted(), ["one"]);
        assert.deepEqual(JSON.parse(JSON.stringify(receipt)), receipt);
        if (channel.edit === undefined) return;
        const changed = channel.render(textMessage("two"))[0]!;
        await channel.edit(receipt, changed, target(harness));
        await channel.edit(receipt, changed, target(harness));
        assert.deepEqual(harness.posted(), ["two"]);
      }));

    for (const failure of ["retry", "permanent", "unknown"] as const) {
      test(`fault-22 a failed send says truthfully: ${failure}`, () =>
        running(async (harness) => {
          const { channel } = harness;
          await harness.until(() => channel.status().state === "ready");
          harness.failNextSend(failure);
          await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target(harness)), (error: unknown) => {
            assert.ok(error instanceof ChannelError);
            assert.equal(error.failure, channel.capabilities.idempotentSend && failure === "unknown" ? "retry" : failure);
            assert.match(error.code, /^[a-z0-9_]+$/);
            if (failure === "permanent") assert.notEqual(error.hint, undefined);
            assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(harness.canary));
            return true;
          });
          assert.equal(harness.posted().length, failure === "unknown" ? 1 : 0);
        }));
    }

    const acting = (name: keyof ChannelActions, run: (harness: ChannelHarness, at: ActionTarget, acts: PlatformView) => Promise<void>) =>
      running(
        async (harness) => {
          const { channel, acts } = harness;
          assert.ok(acts !== undefined, "a harness of a channel with actions shows what people see of them");
          await harness.until(() => channel.status().state === "ready");
          const { messageId } = await channel.send(channel.render(textMessage("about this"))[0]!, target(harness));
          await run(harness, { address: harness.address, messageId, signal: AbortSignal.timeout(10_000) }, acts);
        },
        ({ channel }) => channel.actions?.[name] !== undefined,
      );
    const refused = (harness: ChannelHarness, act: () => Promise<unknown>) =>
      assert.rejects(act, (error: unknown) => {
        assert.ok(error instanceof ChannelError, String(error));
        assert.equal(error.failure, "permanent");
        assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(harness.canary));
        return true;
      });

    test("action edit: the text of a message is another one, may be told again, and one that is too long is refused whole", () =>
      acting("edit", async (harness, at, { missing }) => {
        const { edit } = harness.channel.actions!;
        await edit!(at, "better");
        await edit!(at, "better");
        assert.deepEqual(harness.posted(), ["better"]);
        await refused(harness, () => edit!(at, "word ".repeat(harness.channel.capabilities.maxText)));
        if (missing !== undefined) await refused(harness, () => edit!({ ...at, messageId: missing }, "x"));
        assert.deepEqual(harness.posted(), ["better"]);
      }));

    test("action delete: the message is gone, and one that is not there is no success", () =>
      acting("delete", async (harness, at, { missing }) => {
        await harness.channel.actions!.delete!(at);
        assert.deepEqual(harness.posted(), []);
        if (missing !== undefined) await refused(harness, () => harness.channel.actions!.delete!({ ...at, messageId: missing }));
      }));

    test("action react: the reaction is there once, however often it is told, and is taken back", () =>
      acting("react", async (harness, at, { reactions, missing }) => {
        const { react } = harness.channel.actions!;
        await react!(at, "👍", true);
        await react!(at, "👍", true);
        assert.deepEqual(reactions!(at.messageId), ["👍"]);
        await react!(at, "👍", false);
        await react!(at, "👍", false);
        assert.deepEqual(reactions!(at.messageId), []);
        if (missing !== undefined) await refused(harness, () => react!({ ...at, messageId: missing }, "👍", true));
        await refused(harness, () => react!(at, "no emoji", true));
      }));

    test("action pin: the message is pinned once and unpinned, however often it is told", () =>
      acting("pin", async (harness, at, { pinned, missing }) => {
        const { pin } = harness.channel.actions!;
        await pin!(at, true);
        await pin!(at, true);
        assert.deepEqual(pinned!(), [at.messageId]);
        await pin!(at, false);
        await pin!(at, false);
        assert.deepEqual(pinned!(), []);
        if (missing !== undefined) await refused(harness, () => pin!({ ...at, messageId: missing }, true));
      }));

    test("action thread: what is sent to the thread's address stands in it", () =>
      acting("thread", async (harness, { signal }, { missing, threadsAt: address = harness.address }) => {
        const { channel } = harness;
        const { messageId } = await channel.send(channel.render(textMessage("about that"))[0]!, { ...target(harness, "n3"), address });
        const at: ActionTarget = { address, messageId, signal };
        const { thread } = await channel.actions!.thread!(at, "Plans");
        assert.notEqual(thread, "");
        await channel.send(channel.render(textMessage("in there"))[0]!, { ...target(harness, "n2"), address: { ...address, thread } });
        if (missing !== undefined) await refused(harness, () => channel.actions!.thread!({ ...at, messageId: missing }, "Plans"));
      }));

    test("fault-22 action poll: it is there with its options; when the answer is lost, that is doubt and not a second one", () =>
      acting("poll", async (harness, at, { polls, dropNextPoll }) => {
        const poll = { question: "When?", options: ["now", "later"], multiple: false };
        const receipt = await harness.channel.actions!.poll!(at, poll);
        assert.notEqual(receipt.messageId, "");
        assert.deepEqual(polls!(), ["When?: now/later"]);
        await refused(harness, () => harness.channel.actions!.poll!(at, { ...poll, options: ["only one"] }));
        if (dropNextPoll === undefined) return;
        dropNextPoll();
        await assert.rejects(harness.channel.actions!.poll!(at, { ...poll, question: "Where?" }), (error: unknown) => {
          assert.equal(error instanceof ChannelError && error.failure, "unknown");
          return true;
        });
        assert.equal(polls!().length, 2);
      }));

    test("typing never fails", () =>
      withHarness(async (harness) => {
        harness.breakConnection(true);
        await harness.channel.typing?.(harness.address);
      }));

    test("sec-115 the credential is in no log, status or error, whatever goes wrong", () =>
      running(async (harness, intake) => {
        await harness.until(() => harness.channel.status().state === "ready");
        intake.rejectNext(new Error("broken"), 1);
        harness.say("x");
        await intake.until(() => intake.updates.length === 1);
        harness.breakConnection(true);
        const failure = await harness.channel.send(harness.channel.render(textMessage("hi"))[0]!, target(harness)).then(
          () => "",
          (error: unknown) => inspectDeep(error),
        );
        assert.ok(!failure.includes(harness.canary));
        assert.ok(!harness.logs().includes(harness.canary));
        assert.ok(!JSON.stringify(harness.channel.status()).includes(harness.canary));
      }));
  });
}

function inspectDeep(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause === undefined ? "" : inspectDeep(error.cause)}`;
}
