import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { ANN, CHAT, DIRECT, TOWN } from "../../fakes/teams/index.ts";
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

describe("what goes to Teams", () => {
  test("Markdown becomes the XML that Teams shows; nothing in a text is markup or a mention", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      const send = async (markdown: string) => {
        const { messageId } = await channel.send(text(bench, markdown), target(DIRECT));
        return teams.messages.get(messageId)!;
      };
      const shown = await send("**bold** _it_ ~~old~~ `a<b` [x](https://e.test/?a=1&b=2)\n\n> said\n\n```ts\nlet a = 1 < 2;\n```");
      assert.equal(shown.textFormat, "xml");
      assert.match(
        shown.text!,
        /<strong>bold<\/strong> <em>it<\/em> <strike>old<\/strike> <code>a&lt;b<\/code> <a href="https:\/\/e\.test\/\?a=1&amp;b=2">x<\/a>/,
      );
      assert.match(shown.text!, /<blockquote>said<\/blockquote>/);
      assert.match(shown.text!, /<pre>let a = 1 &lt; 2;\n?<\/pre>/);
      const hostile = await send('<at>Bob</at> <img src="http://t.test/p"> &amp; \u0001 [y](javascript:alert(1))');
      assert.doesNotMatch(hostile.text!, /<(at|img|a)\b/);
      assert.equal(hostile["entities"], undefined);
      assert.deepEqual(teams.wrongs, []);
    }));

  test("text of nothing but marks goes as plain text, so that no message grows beyond what Teams takes", () =>
    withBench(async (bench) => {
      const { messageId } = await bench.channel.send(text(bench, "<".repeat(3_900)), target(DIRECT));
      const { text: sent = "", textFormat } = bench.teams.messages.get(messageId)!;
      assert.deepEqual([sent, textFormat], ["<".repeat(3_900), "plain"]);
    }));

  test("a text with buttons is one card, with a way back for old clients, and an edit takes it away", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      const part = channel.render({
        parts: [{ type: "text", text: "One\n\n**two** [l](https://e.test)" }],
        buttons: [{ label: "Yes", data: "ask:A:once" }],
      })[0]!;
      const receipt = await channel.send(part, target(CHAT));
      const content = teams.messages.get(receipt.messageId)!.attachments![0]!.content as { version: string; body: object[]; actions: object[] };
      assert.equal(content.version, "1.5");
      const shared = { title: "Yes", data: { clanker: "ask:A:once" } };
      assert.deepEqual(content.actions, [{ type: "Action.Execute", verb: "clanker", ...shared, fallback: { type: "Action.Submit", ...shared } }]);
      assert.deepEqual(content.body[1], {
        type: "RichTextBlock",
        spacing: "Medium",
        inlines: [
          { type: "TextRun", text: "two", weight: "Bolder" },
          { type: "TextRun", text: " " },
          { type: "TextRun", text: "l", selectAction: { type: "Action.OpenUrl", url: "https://e.test" } },
        ],
      });
      await channel.edit!(receipt, text(bench, "done"), target(CHAT));
      assert.deepEqual(teams.texts(CHAT), ["done"]);
      assert.equal(teams.messages.get(receipt.messageId)!.attachments, undefined);
      assert.deepEqual(teams.wrongs, []);
    }));

  test("in a channel an answer goes into its thread, and a message without one begins one; its edits find it again", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      const answer = await channel.send(text(bench, "in thread"), target(TOWN, { thread: "1481567603816" }));
      assert.equal(teams.messages.get(answer.messageId)!.conversation, `${TOWN};messageid=1481567603816`);
      const begun = await channel.send(text(bench, "a new one"), target(TOWN));
      assert.equal(teams.messages.get(begun.messageId)!.conversation, `${TOWN};messageid=${begun.messageId}`);
      await channel.edit!(begun, text(bench, "a newer one"), target(TOWN));
      assert.deepEqual(teams.texts(TOWN), ["in thread", "a newer one"]);
    }));

  test("a person's object id stands for the personal chat with them", () =>
    withBench(async (bench) => {
      await bench.channel.send(text(bench, "hello"), target(ANN));
      await bench.channel.send(text(bench, "again"), target(ANN));
      assert.deepEqual(bench.teams.texts(`a:1with-${ANN}`), ["hello", "again"]);
      assert.equal(bench.teams.calls.filter(({ call }) => call === "POST /v3/conversations").length, 1);
    }));

  test("the agent edits and deletes its messages, and hears when that cannot be", () =>
    withBench(async (bench) => {
      const { channel, teams } = bench;
      const { messageId } = await channel.send(text(bench, "one"), target(DIRECT));
      const at = { address: target(DIRECT).address, messageId, signal: new AbortController().signal };
      await channel.actions!.edit!(at, "**two**");
      assert.deepEqual(teams.texts(DIRECT), ["two"]);
      await failed(channel.actions!.edit!(at, "word ".repeat(2_000)), "teams_too_big", "permanent");
      await channel.actions!.delete!(at);
      assert.deepEqual(teams.texts(DIRECT), []);
      await failed(channel.actions!.delete!(at), "teams_not_there", "permanent");
      assert.deepEqual(Object.keys(channel.actions!), ["edit", "delete", "react"]);
    }));

  test("the agent reacts to anybody's message with what Teams has a name for, and takes its reaction back", () =>
    withBench(async ({ channel, teams }) => {
      const { id } = teams.message("done?", { conversation: TOWN });
      const at = { address: target(TOWN, { thread: "17" }).address, messageId: id, signal: new AbortController().signal };
      await channel.actions!.react!(at, "❤️", true);
      await channel.actions!.react!(at, "✅", true);
      await channel.actions!.react!(at, "✅", true);
      assert.deepEqual([...teams.reactions], [`${id} heart`, `${id} 2705_whiteheavycheckmark`]);
      await channel.actions!.react!(at, "❤", false);
      assert.deepEqual([...teams.reactions], [`${id} 2705_whiteheavycheckmark`]);
      const error = await failed(channel.actions!.react!(at, "🦒", true), "teams_no_such_reaction", "permanent");
      assert.match(error.hint!, /👍/);
    }));

  test("fault-23 fault-24 Microsoft's status codes become what may be done next", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      const send = () => channel.send(text(bench, "x"), target(DIRECT));
      const fault = (status: number, body: object = {}, headers: Record<string, string> = {}) =>
        teams.faults.push({ call: "POST /v3/conversations", status, body, headers });
      fault(429, { error: { code: "Throttled", message: "Too many requests" } }, { "retry-after": "37" });
      const elsewhere = () => channel.send(text(bench, "x"), target(CHAT));
      assert.equal((await failed(elsewhere(), "teams_rate_limited", "retry")).retryAfterMs, 37_000);
      // Teams is not asked again there before, and goes on everywhere else.
      const asked = teams.calls.length;
      assert.ok((await failed(elsewhere(), "teams_rate_limited", "retry")).retryAfterMs! > 30_000);
      await failed(channel.edit!({ messageId: "1" }, text(bench, "y"), target(CHAT)), "teams_rate_limited", "retry");
      await channel.typing!(target(CHAT).address);
      assert.equal(teams.calls.length, asked);
      fault(412, { error: { code: "PreconditionFailed", message: "Precondition failed, please try again." } });
      await failed(send(), "teams_try_later", "retry");
      fault(503);
      await failed(send(), "teams_try_later", "retry");
      // Microsoft says that these may be tried again; whether the first was posted it does not say.
      for (const status of [500, 502, 504]) {
        fault(status);
        await failed(send(), "teams_error", "unknown");
      }
      fault(403, { errorCode: 209, message: '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "details": "Thread is blocked from message writes."\r\n}' });
      assert.match((await failed(send(), "teams_not_there", "permanent")).hint!, /blocked or removed the bot/);
      fault(403, { error: { code: "BotDisabledByAdmin", message: "The tenant admin disabled this bot" } });
      assert.match((await failed(send(), "teams_not_there", "permanent")).hint!, /app policies/);
      fault(413, { error: { code: "MessageSizeTooBig", message: "Message size too large." } });
      await failed(send(), "teams_too_big", "permanent");
      fault(400, { error: { code: "BadArgument", message: "no" } });
      await failed(send(), "teams_refused", "permanent");
      await failed(channel.send(text(bench, "x"), target("a:1nobody")), "teams_not_there", "permanent");
      const receipt = await send();
      teams.faults.push({ call: "PUT /v3/conversations", status: 502 });
      await failed(channel.edit!(receipt, text(bench, "y"), target(DIRECT)), "teams_error", "retry");
    }));

  test("a token that holds no longer is replaced at once, and one that nobody accepts is the owner's business", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      await channel.send(text(bench, "one"), target(DIRECT));
      teams.revoke();
      await channel.send(text(bench, "two"), target(DIRECT));
      assert.deepEqual(teams.texts(DIRECT), ["one", "two"]);
      for (let i = 0; i < 2; i++)
        teams.faults.push({ call: "POST /v3/conversations", status: 401, body: { error: { code: "BotNotRegistered", message: "No registration" } } });
      await failed(channel.send(text(bench, "x"), target(DIRECT)), "teams_token_refused", "permanent");
      teams.revoke();
      teams.refusePassword(true);
      await failed(channel.send(text(bench, "x"), target(DIRECT)), "teams_login_refused", "permanent");
    }));

  test("typing is shown in chats and costs no call in channels", () =>
    withBench(async ({ teams, channel }) => {
      await channel.typing!(target(DIRECT).address);
      await channel.typing!(target(TOWN, { thread: "1" }).address);
      assert.deepEqual(
        teams.calls.map(({ call, body }) => [call, body["type"]]),
        [[`POST /v3/conversations/${DIRECT}/activities`, "typing"]],
      );
    }));
});
