import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SendTarget } from "../../../src/core/channel.ts";
import { ChannelError } from "../../../src/core/errors.ts";
import { type Message, textMessage } from "../../../src/core/message.ts";
import { type Bench, withBench } from "./harness.ts";

const at = (chat: number, more: { thread?: string; replyTo?: string } = {}): SendTarget => ({
  address: { channel: "telegram", account: "default", conversation: String(chat), ...(more.thread === undefined ? {} : { thread: more.thread }) },
  nonce: "n",
  signal: AbortSignal.timeout(10_000),
  ...(more.replyTo === undefined ? {} : { replyTo: more.replyTo }),
});

async function sendAll({ channel }: Bench, message: Message, target: SendTarget): Promise<string[]> {
  const ids: string[] = [];
  for (const part of channel.render(message)) ids.push((await channel.send(part, target)).messageId);
  return ids;
}

const failure = (code: string, kind: ChannelError["failure"]) => (error: unknown) => {
  assert.ok(error instanceof ChannelError);
  assert.deepEqual([error.code, error.failure], [code, kind]);
  return true;
};

describe("telegram outbound", () => {
  test("Markdown arrives as text with entities, without link previews", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      await sendAll(bench, textMessage("**bold** & <i> [x](https://a.b?c=1&d)\n\n> q **b**\n> > deeper\n\n```ts\na<b\n```"), at(42));
      const { message } = bench.telegram.messages(42)[0]!;
      assert.equal(message.text, "bold & <i> x\n\nq b\n\ndeeper\n\na<b");
      assert.deepEqual(message.entities?.map((one) => one.type).toSorted(), ["blockquote", "bold", "bold", "code", "pre", "text_link"]);
      assert.deepEqual(bench.telegram.callsOf("sendMessage")[0]?.args.link_preview_options, { is_disabled: true });
    }));

  test("fault-27 100,000 characters arrive in order, every code chunk marked as code", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      const text = `Начало 👩‍👩‍👧‍👦\n\n\`\`\`js\n${"const número = '🇩🇪';\n".repeat(4_700)}\`\`\`\n\nend`;
      await sendAll(bench, textMessage(text), at(42));
      const sent = bench.telegram.messages(42);
      assert.ok(sent.length > 20);
      assert.ok(sent.slice(1, -1).every(({ message }) => message.entities?.some((one) => one.type === "pre")));
      const received = bench.telegram.texts(42).join("\n").replaceAll(/\s+/g, "");
      assert.equal(received, `Начало👩‍👩‍👧‍👦${"constnúmero='🇩🇪';".repeat(4_700)}end`);
    }));

  test("markup that Telegram cannot parse goes again as plain text", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      bench.telegram.failNext("sendMessage", 400, { description: "Bad Request: can't parse entities: nonsense" });
      await sendAll(bench, textMessage("**a** b"), at(42));
      assert.deepEqual(bench.telegram.texts(42), ["a b"]);
      assert.equal(bench.telegram.callsOf("sendMessage").length, 2);
    }));

  test("replies and forum topics are kept; a reply to something deleted is sent all the same", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: -1005, forum: true });
      const question = bench.telegram.say({ chat: -1005, text: "?", thread: 8 });
      await sendAll(bench, textMessage("!"), at(-1005, { thread: "8", replyTo: String(question.message_id) }));
      await sendAll(bench, textMessage("!!"), at(-1005, { replyTo: "999" }));
      const [, reply] = bench.telegram.messages(-1005);
      assert.equal(reply?.message.message_thread_id, 8);
      assert.equal(reply?.message.reply_to_message?.message_id, question.message_id);
      assert.deepEqual(bench.telegram.texts(-1005), ["!", "!!"]);
    }));

  test("files are uploaded with a caption, long texts stand alone", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      const photo = bench.blobs.add(new Uint8Array([1, 2, 3]), "image/png", 'a"b.png');
      const voice = bench.blobs.add(new Uint8Array([4]), "audio/ogg");
      const media = (kind: "photo" | "voice", blob: string) => ({ type: "media" as const, media: { kind, blob } });
      await sendAll(bench, { parts: [media("photo", photo), { type: "text", text: "*see*" }] }, at(42));
      await sendAll(bench, { parts: [media("voice", voice), { type: "text", text: "x".repeat(1_100) }] }, at(42));
      const [first, second, third] = bench.telegram.messages(42).map((one) => one.message);
      assert.equal(first?.caption, "see");
      assert.equal(first?.caption_entities?.[0]?.type, "italic");
      assert.equal(first?.photo?.length, 1);
      assert.ok(second?.voice !== undefined && second.caption === undefined);
      assert.equal(third?.text?.length, 1_100);
    }));

  test("a photo that Telegram will not take as one is sent as a document", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      const blob = bench.blobs.add(new Uint8Array([1]), "image/png", "long.png");
      bench.telegram.failNext("sendPhoto", 400, { description: "Bad Request: PHOTO_INVALID_DIMENSIONS" });
      await sendAll(bench, { parts: [{ type: "media", media: { kind: "photo", blob } }] }, at(42));
      assert.equal(bench.telegram.messages(42)[0]?.message.document?.file_name, "long.png");
    }));

  test("places, contacts and polls are sent as such; votes on the poll come back with its words", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      await sendAll(
        bench,
        {
          parts: [
            { type: "location", latitude: 1, longitude: 2 },
            { type: "contact", name: "Bob", phone: "+1" },
            { type: "poll", question: "?", options: ["a", "b"] },
          ],
        },
        at(42),
      );
      const [place, contact, poll] = bench.telegram.messages(42).map((one) => one.message);
      assert.deepEqual([place?.location?.latitude, contact?.contact?.first_name], [1, "Bob"]);
      bench.telegram.vote({ pollId: poll!.poll!.id, options: [1] });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const update = bench.intake.updates[0]!;
      assert.deepEqual(update.type === "vote" && [update.options, update.address.conversation], [["b"], "42"]);
    }));

  test("fault-23 after a 429 the chat is left alone until retry_after, other chats go on", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      bench.telegram.addChat({ id: 43 });
      bench.telegram.flood(42, 1);
      const part = bench.channel.render(textMessage("hi"))[0]!;
      await assert.rejects(
        bench.channel.send(part, at(42)),
        (error: unknown) => error instanceof ChannelError && error.failure === "retry" && error.retryAfterMs === 1_000,
      );
      await assert.rejects(bench.channel.send(part, at(42)), failure("telegram_rate_limited", "retry"));
      await bench.channel.typing?.(at(42).address);
      await bench.channel.send(part, at(43));
      assert.deepEqual(bench.telegram.violations, []);
      assert.equal(bench.telegram.callsOf("sendMessage").length, 2);
    }));

  test("fault-24 what can never work is permanent, with a hint", () =>
    withBench(async (bench) => {
      const part = bench.channel.render(textMessage("hi"))[0]!;
      await assert.rejects(bench.channel.send(part, at(404)), failure("telegram_chat_not_found", "permanent"));
      bench.telegram.addChat({ id: 42 });
      bench.telegram.block(42);
      await assert.rejects(bench.channel.send(part, at(42)), failure("telegram_blocked", "permanent"));
      await assert.rejects(
        bench.channel.send({ text: "x", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } }, at(42)),
        failure("blob_missing", "permanent"),
      );
    }));

  test("fault-22 a doubtful send is unknown and not repeated, a doubtful edit may be", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: 42 });
      const { channel, telegram } = bench;
      const part = channel.render(textMessage("hi"))[0]!;
      telegram.dropAfterProcessing("sendMessage");
      await assert.rejects(channel.send(part, at(42)), failure("telegram_unreachable", "unknown"));
      telegram.failNext("sendMessage", 502, "bad gateway");
      await assert.rejects(channel.send(part, at(42)), failure("telegram_error", "unknown"));
      assert.equal(telegram.callsOf("sendMessage").length, 2);
      assert.deepEqual(telegram.repeats(), []);
      const receipt = await channel.send(channel.render(textMessage("draft"))[0]!, at(42));
      telegram.dropAfterProcessing("editMessageText");
      await assert.rejects(channel.edit!(receipt, channel.render(textMessage("final"))[0]!, at(42)), failure("telegram_unreachable", "retry"));
      await channel.edit!(receipt, channel.render(textMessage("final"))[0]!, at(42));
      assert.deepEqual(telegram.texts(42), ["hi", "final"]);
    }));

  test("a group that became a supergroup is answered under its new id", () =>
    withBench(async (bench) => {
      bench.telegram.addChat({ id: -7, type: "group" });
      bench.telegram.addChat({ id: -1007 });
      bench.telegram.migrate(-7, -1007);
      await sendAll(bench, textMessage("one"), at(-7));
      await sendAll(bench, textMessage("two"), at(-7));
      assert.deepEqual(bench.telegram.texts(-1007), ["one", "two"]);
      assert.equal(bench.telegram.callsOf("sendMessage").length, 3);
    }));

  test("files are fetched by reference, and those past 20 MB refused before any request", () =>
    withBench(async (bench) => {
      const { channel, telegram, intake } = bench;
      telegram.document({ bytes: new Uint8Array([9, 8, 7]), name: "a b.txt", type: "text/plain" });
      telegram.document({ bytes: new Uint8Array([1]), name: "huge.bin", size: 30_000_000 });
      await intake.until(() => intake.updates.length === 2);
      const [small, huge] = intake.updates.map((update) =>
        update.type === "message" && update.message.parts[0]?.type === "media" ? update.message.parts[0].media : assert.fail(),
      );
      assert.equal(telegram.callsOf("getFile").length, 0);
      const fetched = await channel.fetchMedia!(small!, AbortSignal.timeout(5_000));
      assert.deepEqual([[...fetched.bytes], fetched.type, fetched.name], [[9, 8, 7], "text/plain", "a b.txt"]);
      await assert.rejects(channel.fetchMedia!(huge!, AbortSignal.timeout(5_000)), failure("telegram_file_too_big", "permanent"));
      const { size: _, ...unsized } = huge!;
      await assert.rejects(channel.fetchMedia!(unsized, AbortSignal.timeout(5_000)), failure("telegram_file_too_big", "permanent"));
    }));

  test("a reaction that Telegram does not know and a pin without the rights are told in its words, and a pin rings no bell", () =>
    withBench(async ({ channel, telegram }) => {
      const { message_id: id } = telegram.say({ chat: -7, text: "hello" });
      const target = { ...at(-7), messageId: String(id) };
      await assert.rejects(channel.actions!.react!(target, "🫠", true), /REACTION_INVALID/);
      await assert.rejects(channel.actions!.pin!(target, true), failure("telegram_refused", "permanent"));
      await assert.rejects(channel.actions!.delete!(target), failure("telegram_refused", "permanent"));
      telegram.promote(-7);
      await channel.actions!.pin!(target, true);
      await channel.actions!.delete!(target);
      assert.equal(telegram.messages(-7).length, 0);
      assert.deepEqual(telegram.violations, []);
    }));

  test("fault-23 an action keeps to the pause of its chat", () =>
    withBench(async ({ channel, telegram }) => {
      telegram.addChat({ id: 42 });
      telegram.flood(42, 30);
      const target = { ...at(42), messageId: "1" };
      await assert.rejects(channel.actions!.delete!(target), failure("telegram_rate_limited", "retry"));
      await assert.rejects(channel.actions!.react!(target, "👍", true), failure("telegram_rate_limited", "retry"));
      assert.deepEqual(telegram.violations, []);
    }));

  test("votes on a poll that the assistant has made are handed in", () =>
    withBench(async ({ channel, telegram, intake }) => {
      telegram.addChat({ id: 42 });
      const { messageId } = await channel.actions!.poll!(at(42), { question: "When?", options: ["now", "later"], multiple: true });
      const { poll } = telegram.messages(42).find(({ message }) => String(message.message_id) === messageId)!.message;
      assert.deepEqual([poll?.allows_multiple_answers, poll?.is_anonymous], [true, false]);
      telegram.vote({ pollId: poll!.id, options: [1] });
      await intake.until(() => intake.updates.length === 1);
      assert.deepEqual(intake.updates[0]?.type === "vote" && intake.updates[0].options, ["later"]);
    }));
});
