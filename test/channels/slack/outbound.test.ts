import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { type Bench, target, withBench } from "./harness.ts";

const part = (bench: Bench, text: string) => bench.channel.render(textMessage(text))[0]!;

async function failureOf(sending: Promise<unknown>): Promise<ChannelError> {
  try {
    await sending;
  } catch (error) {
    assert.ok(error instanceof ChannelError);
    return error;
  }
  throw new Error("it was sent");
}

describe("slack outbound", () => {
  test("an answer goes into its thread, without previews of links, with a nonce that only apps see", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      const receipt = await bench.channel.send(part(bench, "see https://a.b <!channel>"), target("C1", { thread: "1.000001" }));
      const [message] = bench.slack.messages("C1");
      assert.equal(message?.ts, receipt.messageId);
      assert.equal(message?.thread_ts, "1.000001");
      assert.equal(message?.text, "see https://a.b &lt;!channel&gt;");
      assert.equal(message?.metadata?.event_type, "clanker_part");
    }));

  test("a person's id is opened as a conversation, once", () =>
    withBench(async (bench) => {
      const receipt = await bench.channel.send(part(bench, "one"), target("U42"));
      await bench.channel.send(part(bench, "two"), target("U42"));
      await bench.channel.edit!(receipt, part(bench, "one, changed"), target("U42"));
      assert.deepEqual(bench.slack.texts("D42"), ["one, changed", "two"]);
      assert.equal(bench.slack.callsOf("conversations.open").length, 1);
    }));

  test("fault-22 a message whose answer was lost and that is there counts as sent, not as unknown", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("D42");
      bench.slack.dropAfterProcessing("chat.postMessage");
      const receipt = await bench.channel.send(part(bench, "once"), target("D42"));
      assert.equal(receipt.messageId, bench.slack.messages("D42")[0]?.ts);
      await bench.channel.edit!(receipt, part(bench, "edited"), target("D42"));
      assert.deepEqual(bench.slack.texts("D42"), ["edited"]);
      bench.slack.dropAfterProcessing("chat.postMessage");
      const inThread = await bench.channel.send(part(bench, "reply"), target("D42", { thread: receipt.messageId }));
      assert.equal(inThread.messageId, bench.slack.messages("D42")[1]?.ts);
    }));

  test("fault-22 one that is not found stays unknown, because it may be on its way; another part's nonce proves nothing", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("D42");
      await bench.channel.send(part(bench, "same words"), target("D42"));
      bench.slack.dropBeforeProcessing("chat.postMessage");
      const failure = await failureOf(bench.channel.send(part(bench, "same words"), target("D42")));
      assert.equal(failure.failure, "unknown");
      bench.slack.failNext("chat.postMessage", "internal_error");
      assert.equal((await failureOf(bench.channel.send(part(bench, "x"), target("D42")))).failure, "unknown");
      assert.equal(bench.slack.texts("D42").length, 1);
    }));

  test("fault-23 after a 429 nothing is sent to that conversation before its time; others go on", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      bench.slack.addChannel("C2");
      bench.slack.flood("chat.postMessage", "C1", 37);
      const first = await failureOf(bench.channel.send(part(bench, "a"), target("C1")));
      assert.deepEqual([first.failure, first.code, first.retryAfterMs], ["retry", "slack_rate_limited", 37_000]);
      const second = await failureOf(bench.channel.send(part(bench, "a"), target("C1")));
      assert.ok(second.failure === "retry" && second.retryAfterMs! > 30_000);
      assert.equal(bench.slack.callsOf("chat.postMessage").length, 1);
      await bench.channel.send(part(bench, "b"), target("C2"));
      assert.deepEqual(bench.slack.texts("C2"), ["b"]);
    }));

  test("fault-24 what Slack refuses for good says so, with what to do", () =>
    withBench(async (bench) => {
      for (const [reason, code] of [
        ["not_in_channel", "slack_conversation_closed"],
        ["is_archived", "slack_conversation_closed"],
        ["token_revoked", "slack_token_refused"],
        ["missing_scope", "slack_scope_missing"],
        ["msg_too_long", "slack_refused"],
      ] as const) {
        bench.slack.addChannel("C1");
        bench.slack.failNext("chat.postMessage", reason);
        const failure = await failureOf(bench.channel.send(part(bench, "a"), target("C1")));
        assert.deepEqual([failure.code, failure.failure], [code, "permanent"]);
        assert.notEqual(failure.hint, undefined);
      }
    }));

  test("what Slack does not take as rich text arrives as plain text", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("D42");
      bench.slack.failNext("chat.postMessage", "invalid_blocks");
      await bench.channel.send(part(bench, "**bold** & <plain>"), target("D42"));
      assert.deepEqual(bench.slack.texts("D42"), ["bold & <plain>"]);
    }));

  test("typing is shown below a thread, and not asked for again where Slack refuses it", () =>
    withBench(async (bench) => {
      const at = (thread?: string) => target("C1", thread === undefined ? {} : { thread }).address;
      await bench.channel.typing!(at());
      assert.equal(bench.slack.callsOf("assistant.threads.setStatus").length, 0);
      await bench.channel.typing!(at("1.000001"));
      assert.deepEqual(bench.slack.statuses, [{ channel_id: "C1", thread_ts: "1.000001", status: "is writing…" }]);
      bench.slack.failNext("assistant.threads.setStatus", "missing_scope");
      await bench.channel.typing!(at("1.000002"));
      await bench.channel.typing!(at("1.000003"));
      assert.equal(bench.slack.callsOf("assistant.threads.setStatus").length, 2);
    }));

  test("typing does not stand below an answer: an edit takes it away, which Slack does by itself for a message only", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      const here = { thread: "1.000001" };
      const texts = () => bench.slack.statuses.map(({ status }) => status);
      const receipt = await bench.channel.send(part(bench, "growing"), target("C1", here));
      await bench.channel.typing!(target("C1", here).address);
      await bench.channel.edit!(receipt, part(bench, "grown"), target("C1", here));
      await bench.slack.until(() => texts().length === 2);
      assert.deepEqual(texts(), ["is writing…", ""]);
      await bench.channel.typing!(target("C1", here).address);
      assert.equal(texts().length, 2);
    }));

  test("an admitted press takes the buttons away; a stranger's press does nothing", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("D42");
      const [rendered] = bench.channel.render({
        ...textMessage("Allow?"),
        buttons: [
          { label: "Yes", data: "approve:1:once" },
          { label: "No", data: "approve:1:deny" },
        ],
      });
      await bench.channel.send(rendered!, target("D42"));
      bench.intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      bench.slack.press("D42", "Yes");
      await bench.slack.until(() => bench.slack.taken() === 1);
      bench.intake.outcome = () => ({ kind: "command", name: "approve", reply: "Done." });
      bench.slack.press("D42", "No");
      await bench.slack.until(() => bench.slack.callsOf("chat.update").length === 1);
      assert.deepEqual(
        bench.intake.updates.map((update) => update.type === "press" && update.data),
        ["approve:1:once", "approve:1:deny"],
      );
      await bench.slack.until(() => bench.slack.messages("D42")[0]?.blocks?.length === 1);
      assert.deepEqual(bench.slack.texts("D42"), ["Allow?"]);
      assert.equal(bench.slack.callsOf("users.info").length, 1);
    }));

  test("in a channel whoever pressed is told where nobody else sees it, and the buttons stay", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      const [rendered] = bench.channel.render({ ...textMessage("Allow?"), buttons: [{ label: "Yes", data: "approve:1:once" }] });
      await bench.channel.send(rendered!, target("C1"));
      bench.intake.outcome = () => ({ kind: "command", name: "approve", reply: "Only the owner <answers>." });
      bench.slack.press("C1", "Yes");
      await bench.slack.until(() => bench.slack.ephemerals.length === 1);
      assert.deepEqual(bench.slack.ephemerals, [{ channel: "C1", user: "U42", text: "Only the owner &lt;answers&gt;." }]);
      assert.equal(bench.slack.callsOf("chat.update").length, 0);
    }));
});

describe("slack files", () => {
  test("a file goes up in three steps, without the token, and is posted once", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      const blob = bench.blobs.add(Buffer.from("pixels"), "image/png", "a.png");
      const [rendered] = bench.channel.render({ parts: [{ type: "media", media: { kind: "photo", blob } }] });
      await bench.channel.send(rendered!, target("C1", { thread: "1.000001" }));
      const [file] = bench.slack.files.values();
      assert.deepEqual([file?.name, file?.bytes.toString(), file?.shares], ["a.png", "pixels", ["C1"]]);
      assert.equal(bench.slack.messages("C1")[0]?.thread_ts, "1.000001");
    }));

  test("fault-22 a file whose answer was lost is looked for; before it is shared everything may be repeated", () =>
    withBench(async (bench) => {
      bench.slack.addChannel("C1");
      const blob = bench.blobs.add(Buffer.from("x"), "text/plain", "a.txt");
      const [rendered] = bench.channel.render({ parts: [{ type: "media", media: { kind: "document", blob } }] });
      bench.slack.dropAfterProcessing("files.getUploadURLExternal");
      assert.equal((await failureOf(bench.channel.send(rendered!, target("C1")))).failure, "retry");
      bench.slack.dropAfterProcessing("files.completeUploadExternal");
      await bench.channel.send(rendered!, target("C1"));
      assert.equal(bench.slack.messages("C1").length, 1);
      bench.slack.dropBeforeProcessing("files.completeUploadExternal");
      assert.equal((await failureOf(bench.channel.send(rendered!, target("C1")))).failure, "unknown");
    }));

  test("a person's file is fetched by its id with its type and name", () =>
    withBench(async (bench) => {
      const id = bench.slack.addFile(Buffer.from("%PDF"), { name: "a.pdf", type: "application/pdf" });
      const fetched = await bench.channel.fetchMedia!({ kind: "document", ref: id }, new AbortController().signal);
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type, fetched.name], ["%PDF", "application/pdf", "a.pdf"]);
    }));

  test("the page of Slack's login is not taken for the file", () =>
    withBench(async (bench) => {
      const id = bench.slack.addFile(Buffer.from("%PDF"), { name: "a.pdf", type: "application/pdf" });
      bench.slack.loginPages = true;
      const failure = await failureOf(bench.channel.fetchMedia!({ kind: "document", ref: id }, new AbortController().signal));
      assert.deepEqual([failure.code, failure.failure], ["slack_scope_missing", "permanent"]);
    }));

  test("a file that is gone in Slack is missing for good, and a posted file is not edited", () =>
    withBench(async (bench) => {
      const signal = new AbortController().signal;
      for (const media of [{ kind: "document", ref: "F404" } as const, { kind: "document" } as const]) {
        const failure = await failureOf(bench.channel.fetchMedia!(media, signal));
        assert.deepEqual([failure.code, failure.failure], ["slack_no_file", "permanent"]);
      }
      const edited = await failureOf(bench.channel.edit!({ messageId: "file:F1" }, part(bench, "x"), target("C1")));
      assert.deepEqual([edited.code, edited.failure], ["slack_not_editable", "permanent"]);
    }));

  test("sec-36 a file that is too large is not fetched, and the token goes to no other host", () =>
    withBench(async (bench) => {
      const signal = new AbortController().signal;
      assert.equal((await failureOf(bench.channel.fetchMedia!({ kind: "document", ref: "F1", size: 20_000_001 }, signal))).code, "slack_file_too_big");
      assert.equal(bench.slack.callsOf("files.info").length, 0);
    }));

  test("sec-36 a file on a host that is not Slack's is refused", () =>
    withBench(
      async (bench) => {
        const id = bench.slack.addFile(Buffer.from("x"), { name: "a.txt", type: "text/plain" });
        const failure = await failureOf(bench.channel.fetchMedia!({ kind: "document", ref: id }, new AbortController().signal));
        assert.deepEqual([failure.code, failure.failure], ["slack_request_refused", "permanent"]);
      },
      { config: { files_root: "https://files.slack.example" } },
    ));

  test("an emoji without a name that is known, and a message without an id, are refused before anything is asked", () =>
    withBench(async ({ channel, slack }) => {
      const at = { address: { channel: "slack", account: "default", conversation: "D42" }, messageId: "1.000001", signal: AbortSignal.timeout(10_000) };
      const before = slack.calls.length;
      assert.equal((await failureOf(channel.actions!.react!(at, "🫠🫠", true))).code, "slack_unknown_emoji");
      assert.equal((await failureOf(channel.actions!.delete!({ ...at, messageId: "file:F1" }))).code, "slack_no_message");
      assert.equal(slack.calls.length, before);
    }));

  test("fault-23 an action keeps to a pause that Slack has asked for its method", () =>
    withBench(async (bench) => {
      const { channel, slack } = bench;
      slack.addChannel("D42", ["U42"]);
      const { messageId } = await channel.send(part(bench, "one"), target("D42"));
      const at = { address: { channel: "slack", account: "default", conversation: "D42" }, messageId, signal: AbortSignal.timeout(10_000) };
      slack.failNext("reactions.add", "ratelimited", { status: 429, retryAfter: 30 });
      const limited = await failureOf(channel.actions!.react!(at, "👍", true));
      assert.deepEqual([limited.failure, limited.retryAfterMs], ["retry", 30_000]);
      assert.equal((await failureOf(channel.actions!.react!(at, "👍", true))).code, "slack_rate_limited");
      assert.equal(slack.callsOf("reactions.add").length, 1);
      await channel.actions!.pin!(at, true);
    }));
});
