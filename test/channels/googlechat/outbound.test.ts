import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { ANN, DIRECT, TOWN } from "../../fakes/googlechat/index.ts";
import { type Bench, target, withBench } from "./harness.ts";

const text = ({ channel }: Bench, markdown: string) => channel.render(textMessage(markdown))[0]!;

async function failed(work: Promise<unknown>, code: string, failure: ChannelError["failure"]): Promise<ChannelError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ChannelError, String(error));
  assert.deepEqual([error.code, error.failure], [code, failure]);
  if (failure === "permanent") assert.notEqual(error.hint, undefined);
  return error;
}

describe("what goes to Google Chat", () => {
  test("Markdown becomes the markup of Chat", () =>
    withBench(async (bench) => {
      await bench.channel.send(text(bench, "**bold** _it_ ~~old~~ `a*b` [x](https://e.test/?a=1|2)\n\n> said\n\n```ts\nlet a = '```';\n```"), target(DIRECT));
      const [shown] = bench.chat.texts(DIRECT);
      assert.equal(shown, "*bold* _it_ ~old~ `a*b` <https://e.test/?a=1%7C2|x>\n\n> said\n\n```\nlet a = '`\u200b`\u200b`';\n```");
    }));

  test("nothing in a text calls somebody, becomes a link or is taken for a mark", () =>
    withBench(async (bench) => {
      await bench.channel.send(text(bench, "hi <users/all> and <https://evil.test|bank> [y](javascript:x) 2\\*3\\*4 snake\\_case a\\*b"), target(DIRECT));
      const [shown] = bench.chat.texts(DIRECT);
      assert.doesNotMatch(shown!, /<(users|https?:|javascript)/);
      assert.match(shown!, /2\*\u200b3\*\u200b4/);
    }));

  test("a text with buttons is one card whose words are exact; an edit without buttons is a text again", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      const part = channel.render({ parts: [{ type: "text", text: "**two** [l](https://e.test) <b>" }], buttons: [{ label: "Yes", data: "ask:A:once" }] })[0]!;
      const receipt = await channel.send(part, target(DIRECT));
      const [message] = [...chat.messages.values()];
      assert.equal(message!.text, undefined);
      assert.deepEqual(message!.cardsV2![0]!.card.sections[0]!.widgets, [
        { textParagraph: { text: '<b>two</b> <a href="https://e.test">l</a> &lt;b&gt;' } },
        { buttonList: { buttons: [{ text: "Yes", onClick: { action: { function: "clanker", parameters: [{ key: "clanker", value: "ask:A:once" }] } } }] } },
      ]);
      await channel.edit!(receipt, text(bench, "done"), target(DIRECT));
      assert.deepEqual(chat.texts(DIRECT), ["done"]);
    }));

  test("answers go into their thread", () =>
    withBench(async (bench) => {
      await bench.channel.send(text(bench, "one"), target(TOWN, { thread: "T1" }));
      const [message] = [...bench.chat.messages.values()];
      assert.equal(message!.thread!.name, `spaces/${TOWN}/threads/T1`);
      assert.equal(bench.chat.calls[0]!.query["messageReplyOption"], "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    }));

  test("fault-22 fault-26 a part is posted once however often it is sent, also when the request id is forgotten", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      const to = target(DIRECT, { nonce: "delivery.1" });
      chat.faults.push({ call: "POST /spaces", drop: true });
      await failed(channel.send(text(bench, "one"), to), "googlechat_unreachable", "retry");
      const first = await channel.send(text(bench, "one"), { ...to, triedSince: 1 });
      assert.deepEqual(chat.texts(DIRECT), ["one"]);
      chat.forgetRequests();
      const second = await channel.send(text(bench, "one"), { ...to, triedSince: 1 });
      assert.deepEqual(chat.texts(DIRECT), ["one"]);
      // Either name finds it.
      await channel.edit!(first, text(bench, "two"), to);
      assert.deepEqual(chat.texts(DIRECT), ["two"]);
      await channel.edit!(second, text(bench, "three"), to);
      assert.deepEqual(chat.texts(DIRECT), ["three"]);
    }));

  test("users/ID stands for the direct chat with a person", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      await channel.send(text(bench, "hello"), target(`users/${ANN}`));
      await channel.send(text(bench, "again"), target(`users/${ANN}`));
      assert.deepEqual(chat.texts(DIRECT), ["hello", "again"]);
      assert.equal(chat.calls.filter(({ call }) => call.includes("findDirectMessage")).length, 1);
      await failed(channel.send(text(bench, "hello"), target("users/12345")), "googlechat_not_there", "permanent");
    }));

  test("the agent edits and deletes its messages, and hears when that cannot be", () =>
    withBench(async (bench) => {
      const { channel, chat } = bench;
      const { messageId } = await channel.send(text(bench, "one"), target(DIRECT));
      const at = { address: target(DIRECT).address, messageId, signal: new AbortController().signal };
      await channel.actions!.edit!(at, "**two**");
      assert.deepEqual(chat.texts(DIRECT), ["*two*"]);
      await failed(channel.actions!.edit!(at, "word ".repeat(2_000)), "googlechat_too_big", "permanent");
      await channel.actions!.delete!(at);
      assert.deepEqual(chat.texts(DIRECT), []);
      await failed(channel.actions!.delete!(at), "googlechat_not_there", "permanent");
      assert.deepEqual(Object.keys(channel.actions!), ["edit", "delete"]);
    }));

  test("fault-23 fault-24 Google's answers become what may be done next", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      const send = () => channel.send(text(bench, "x"), target(DIRECT));
      const fault = (status: number, word = "", headers: Record<string, string> = {}) =>
        chat.faults.push({ call: "POST /spaces", status, headers, body: { error: { code: status, status: word, message: "words" } } });
      const inTown = () => channel.send(text(bench, "x"), target(TOWN));
      fault(429, "RESOURCE_EXHAUSTED", { "retry-after": "37" });
      assert.equal((await failed(inTown(), "googlechat_rate_limited", "retry")).retryAfterMs, 37_000);
      // Google is not asked again there before, and goes on everywhere else.
      const asked = chat.calls.length;
      assert.ok((await failed(inTown(), "googlechat_rate_limited", "retry")).retryAfterMs! > 30_000);
      await failed(channel.edit!({ messageId: "1" }, text(bench, "y"), target(TOWN)), "googlechat_rate_limited", "retry");
      assert.equal(chat.calls.length, asked);
      fault(503, "UNAVAILABLE");
      await failed(send(), "googlechat_error", "retry");
      fault(403, "PERMISSION_DENIED");
      await failed(send(), "googlechat_not_there", "permanent");
      fault(400, "INVALID_ARGUMENT");
      await failed(send(), "googlechat_refused", "permanent");
      await failed(channel.send(text(bench, "x"), target("AAAAnowhere")), "googlechat_not_there", "permanent");
      assert.deepEqual(chat.texts(DIRECT), []);
      // Quotas count by the minute; without a word of Google's it is some seconds.
      fault(429, "RESOURCE_EXHAUSTED");
      assert.equal((await failed(send(), "googlechat_rate_limited", "retry")).retryAfterMs, 5_000);
    }));

  test("a token that holds no longer is replaced at once, and a key that Google refuses is the owner's business", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      await channel.send(text(bench, "one"), target(DIRECT));
      chat.revoke();
      await channel.send(text(bench, "two"), target(DIRECT));
      assert.deepEqual(chat.texts(DIRECT), ["one", "two"]);
      chat.revoke();
      chat.refuseKey(true);
      await failed(channel.send(text(bench, "x"), target(DIRECT)), "googlechat_login_refused", "permanent");
    }));

  test("an app may upload no files: they are told in words, and the channel does not say that it could", () =>
    withBench(async ({ channel, blobs, chat }) => {
      assert.equal(channel.capabilities.media, false);
      const blob = blobs.add(Buffer.from("x"), "text/plain");
      const parts = channel.render({
        parts: [
          { type: "text", text: "Here:" },
          { type: "media", media: { kind: "document", blob, name: "a.txt" } },
        ],
      });
      for (const part of parts) await channel.send(part, target(DIRECT));
      assert.deepEqual(chat.texts(DIRECT), ["Here:\n[document: a.txt]"]);
    }));

  test("the longest text in the widest script passes", () =>
    withBench(async (bench) => {
      for (const character of ["語", "👍", "*", "<a"]) {
        for (const part of bench.channel.render({ parts: [{ type: "text", text: character.repeat(4_000) }], buttons: [{ label: "Yes", data: "d" }] }))
          await bench.channel.send(part, target(DIRECT));
      }
      assert.ok(bench.chat.messages.size > 4);
    }));
});
