import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SignalFailure } from "../../../src/channels/signal/api.ts";
import { signalConfig } from "../../../src/channels/signal/config.ts";
import { toChannelError } from "../../../src/channels/signal/failure.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { textMessage } from "../../../src/core/message.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, EVE, GROUP, ME } from "../../fakes/signal/index.ts";
import { type Bench, target, withBench } from "./harness.ts";

const last = ({ signal }: Bench, method: string) => signal.calls.findLast((call) => call.method === method)?.params;
const action = (conversation: string, messageId: string) => ({
  address: { channel: "signal", account: "default", conversation },
  messageId,
  signal: AbortSignal.timeout(10_000),
});

describe("signal outbound", () => {
  test("markup becomes ranges of style over plain words, and links and quotes are told in words", () =>
    withBench(async ({ channel, signal }) => {
      const text = "**b _bi_** ~~s~~ `c` 👩‍👩‍👧 *i* [x](https://a.example)\n\n> one\n> two\n\n```ts\na\nb\n```";
      const parts = channel.render(textMessage(text));
      assert.equal(parts.length, 1);
      await channel.send(parts[0]!, target(GROUP));
      const [sent] = signal.messages;
      assert.equal(sent!.place, GROUP);
      const styled = sent!.styles.map((style) => {
        const [start, length, kind] = style.split(":");
        return `${kind} ${sent!.text.slice(Number(start), Number(start) + Number(length))}`;
      });
      assert.deepEqual(styled, ["BOLD b bi", "ITALIC bi", "STRIKETHROUGH s", "MONOSPACE c", "ITALIC i", "MONOSPACE a\nb"]);
      assert.match(sent!.text, /x \(https:\/\/a\.example\)/);
      assert.match(sent!.text, /> one\n> two/);
    }));

  test("fault-27 a long answer goes in parts whose styles count from their own beginnings", () =>
    withBench(async ({ channel, signal }) => {
      const parts = channel.render(textMessage(`**${"word ".repeat(1_000)}end**`));
      assert.ok(parts.length > 2);
      for (const part of parts) await channel.send(part, target(ANN));
      assert.deepEqual(
        signal.messages.map(({ text, styles }) => styles[0] === `0:${text.length}:BOLD`),
        parts.map(() => true),
      );
    }));

  test("an answer quotes with author, time and words, a file goes as a data URI, a voice message as one", () =>
    withBench(async (bench) => {
      const { channel, signal, blobs, intake } = bench;
      const at = signal.say("what is it?", { group: GROUP });
      await intake.until(() => intake.updates.length === 1);
      await channel.send(channel.render(textMessage("this"))[0]!, target(GROUP, { replyTo: `${ANN}:${at}` }));
      const { quoteTimestamp, quoteAuthor, quoteMessage } = last(bench, "send")!;
      assert.deepEqual([quoteTimestamp, quoteAuthor, quoteMessage], [at, ANN, "what is it?"]);
      const blob = blobs.add(Buffer.from("OGG"), "audio/ogg; codecs=opus", "a;b,ü.ogg");
      const [file] = channel.render({ parts: [{ type: "media", media: { kind: "voice", blob } }] });
      await channel.send(file!, target(ANN));
      assert.deepEqual(
        [last(bench, "send")!["attachments"], last(bench, "send")!["voiceNote"]],
        [["data:audio/ogg;filename=a%3Bb%2C%C3%BC.ogg;base64,T0dH"], true],
      );
      await assert.rejects(channel.send({ text: "", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } }, target(ANN)), {
        code: "blob_missing",
      });
    }));

  test("sec-30 a phone number is no address", () =>
    withBench(async ({ channel, signal }) => {
      const before = signal.calls.length;
      await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target("+4915100000000")), { code: "signal_bad_address", failure: "permanent" });
      assert.equal(signal.calls.length, before);
    }));

  test("typing is asked for once while it is shown, and anew after a message", () =>
    withBench(async (bench) => {
      const { channel, signal } = bench;
      const { address } = target(ANN);
      const count = () => signal.calls.filter(({ method }) => method === "sendTyping").length;
      await channel.typing!(address);
      await channel.typing!(address);
      assert.equal(count(), 1);
      await channel.send(channel.render(textMessage("hi"))[0]!, target(ANN));
      await channel.typing!(address);
      assert.equal(count(), 2);
    }));

  test("actions do what Signal has, and say what cannot be done", () =>
    withBench(async (bench) => {
      const { channel, signal } = bench;
      const { edit, delete: remove, react, pin, poll, thread } = channel.actions!;
      assert.equal(thread, undefined);
      const { messageId } = await channel.send(channel.render(textMessage("one"))[0]!, target(GROUP));
      assert.match(messageId, new RegExp(`^${ME}:\\d+$`));
      await edit!(action(GROUP, messageId), "**two**");
      assert.deepEqual([signal.posted(GROUP), signal.messages[0]!.styles], [["two"], ["0:3:BOLD"]]);
      await react!(action(GROUP, `${ANN}:5`), "👍", true);
      await react!(action(GROUP, `${ANN}:5`), "👍", false);
      const { emoji, targetAuthor, targetTimestamp, remove: taken } = last(bench, "sendReaction")!;
      assert.deepEqual([emoji, targetAuthor, targetTimestamp, taken], ["👍", ANN, 5, true]);
      await pin!(action(GROUP, messageId), true);
      await pin!(action(GROUP, messageId), false);
      assert.equal(last(bench, "sendUnpinMessage")!["targetAuthor"], ME);
      await remove!(action(GROUP, `${EVE}:6`));
      assert.equal(last(bench, "sendAdminDelete")!["targetAuthor"], EVE);
      await remove!(action(GROUP, messageId));
      assert.deepEqual(signal.posted(GROUP), []);
      const posted = await poll!(
        { address: { channel: "signal", account: "default", conversation: ANN }, signal: AbortSignal.timeout(10_000) },
        { question: "?", options: ["a", "b"], multiple: false },
      );
      assert.match(posted.messageId, new RegExp(`^${ME}:`));
      assert.equal(last(bench, "sendPollCreate")!["noMulti"], true);
      await assert.rejects(edit!(action(ANN, `${ANN}:5`), "x"), { code: "signal_not_ours" });
      await assert.rejects(remove!(action(ANN, `${ANN}:5`)), { code: "signal_not_ours" });
      await assert.rejects(edit!(action(ANN, messageId), "x ".repeat(2_000)), { code: "signal_too_long" });
      await assert.rejects(react!(action(ANN, "5"), "👍", true), { code: "signal_no_message" });
      await assert.rejects(react!(action(ANN, `${ANN}:5`), "+1", true), { code: "signal_no_emoji" });
    }));

  test("fault-22 an action whose answer was lost may be done again, a send may not", () =>
    withBench(async ({ channel, signal }) => {
      signal.faults.push({ call: "sendReaction", drop: true }, { call: "send", drop: true });
      await assert.rejects(channel.actions!.react!(action(ANN, `${ANN}:5`), "👍", true), { code: "signal_unreachable", failure: "retry" });
      await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target(ANN)), { code: "signal_unreachable", failure: "unknown" });
    }));

  test("a group member whose safety number has changed is told of, though the others got it", () =>
    withBench(async (bench) => {
      const { channel, signal } = bench;
      signal.untrusted.add(EVE);
      await channel.send(channel.render(textMessage("hi"))[0]!, target(GROUP));
      assert.equal(signal.posted(GROUP).length, 1);
      assert.match(bench.logs(), /not everybody got it/);
      await signal.until(() => channel.status().code === "signal_safety_number_changed");
    }));
});

describe("signal failures", () => {
  const answered = (code: number | undefined, message: string, results?: object[], status = 200) =>
    new SignalFailure("send", {
      status,
      message,
      ...(code === undefined ? {} : { code }),
      ...(results === undefined ? {} : { response: { timestamp: 1, results } }),
    });
  const failed = (type: string, more: object = {}) => [{ recipientAddress: { uuid: ANN }, type, ...more }];

  test("fault-23 a rate limit keeps Signal's pause, and a captcha is asked for by name", () => {
    const limited = toChannelError(answered(-5, "rate limiting", failed("RATE_LIMIT_FAILURE", { retryAfterSeconds: 90 })), "send");
    assert.deepEqual([limited.code, limited.failure, limited.retryAfterMs], ["signal_rate_limited", "retry", 90_000]);
    const captcha = toChannelError(answered(-5, "rate limiting", failed("RATE_LIMIT_FAILURE", { token: "abc-1" })), "send");
    assert.deepEqual([captcha.code, captcha.failure, captcha.retryAfterMs], ["signal_captcha_needed", "retry", 60_000]);
    assert.match(captcha.hint!, /challenge abc-1:/);
    assert.doesNotMatch(toChannelError(answered(-5, "", failed("RATE_LIMIT_FAILURE", { token: "x; rm -rf /" })), "send").hint ?? "", /rm -rf/);
  });

  test("fault-24 what Signal refuses for good says what to do", () => {
    for (const [error, code] of [
      [answered(-4, "untrusted identities"), "signal_untrusted_identity"],
      [answered(-1, "Failed to send message", failed("IDENTITY_FAILURE")), "signal_untrusted_identity"],
      [answered(-1, "Failed to send message", failed("UNREGISTERED_FAILURE")), "signal_unregistered"],
      [answered(-1, `The user ${ANN} is not registered.`), "signal_unregistered"],
      [answered(-32603, "Failed to send message: No prekeys available (IOException)"), "signal_no_keys"],
      [answered(-32601, "Method not implemented"), "signal_too_old"],
      [answered(-32602, "Specified account does not exist"), "signal_account_unknown"],
      [answered(-1, "Invalid group id: x"), "signal_refused"],
      [answered(-32603, "(AttachmentInvalidException)"), "signal_refused"],
      [answered(undefined, "", undefined, 421), "signal_not_a_daemon"],
      [new HttpFailure("refused", "no", false), "signal_request_refused"],
      [new HttpFailure("too_large", "no", true), "signal_file_too_big"],
    ] as const) {
      const told = toChannelError(error, "send");
      assert.deepEqual([told.code, told.failure], [code, "permanent"]);
      assert.notEqual(told.hint, undefined);
    }
  });

  test("fault-22 what may have gone out is unknown for a send and repeatable for an action", () => {
    for (const [error, code] of [
      [answered(-3, "Failed to send message"), "signal_error"],
      [answered(-32603, "An internal server error has occurred."), "signal_error"],
      [answered(-1, "Failed to send message", failed("NETWORK_FAILURE")), "signal_network"],
      [answered(undefined, "", undefined, 502), "signal_error"],
      [new HttpFailure("timeout", "no answer", true), "signal_unreachable"],
    ] as const) {
      assert.deepEqual([toChannelError(error, "send").code, toChannelError(error, "send").failure], [code, "unknown"]);
      assert.equal(toChannelError(error, "repeatable").failure, "retry");
    }
    assert.equal(toChannelError(new HttpFailure("connect", "nobody", false), "send").failure, "retry");
  });
});

describe("signal config", () => {
  const problems = (section: object) => v.safeParse(signalConfig, section).issues?.map(({ message }) => message) ?? [];
  const whole = { url: "http://127.0.0.1:8080", number: "+4915112345678" };

  test("sec-30 people are named by their account ids, groups by theirs", () => {
    assert.deepEqual(problems({ ...whole, allowed_users: [ANN.toUpperCase()], owner_ids: [EVE], groups: { allowed: [GROUP], trusted: [ANN] } }), []);
    for (const section of [
      { allowed_users: ["+4915100000000"] },
      { owner_ids: ["Ann"] },
      { groups: { allowed: ["Garden"] } },
      { groups: { trusted: ["+49151"] } },
      { number: "0151" },
    ])
      assert.equal(problems({ ...whole, ...section }).length, 1, JSON.stringify(section));
  });

  test("url and number belong together, for every account", () => {
    assert.equal(problems({ url: whole.url }).length, 1);
    assert.equal(problems({ number: whole.number }).length, 1);
    assert.deepEqual(problems({ accounts: { work: whole } }), []);
    assert.equal(problems({ accounts: { work: { url: whole.url } } }).length, 1);
  });
});
