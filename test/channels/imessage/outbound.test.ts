import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { imessageConfig } from "../../../src/channels/imessage/config.ts";
import { toChannelError } from "../../../src/channels/imessage/failure.ts";
import { WayFailure } from "../../../src/channels/imessage/way.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, DIRECT, GROUP } from "../../fakes/bluebubbles/index.ts";
import { type Bench, target, withBench } from "./harness.ts";

const last = ({ mac }: Bench, call: string) => mac.calls.findLast((one) => one.call === call)?.body;
const action = (conversation: string, messageId: string) => ({
  address: { channel: "imessage", account: "default", conversation },
  messageId,
  signal: AbortSignal.timeout(10_000),
});

describe("imessage outbound", () => {
  test("there is no markup: links, quotes and lists are told in words", () =>
    withBench(async ({ channel, mac }) => {
      const [part] = channel.render(textMessage("**b** `c` [x](https://a.example)\n\n> one\n> two"));
      await channel.send(part!, target(GROUP));
      assert.match(mac.posted(GROUP)[0]!, /^b c x \(https:\/\/a\.example\)\s+> one\n> two$/);
    }));

  test("an answer quotes, a file goes as a form, a voice message as one", () =>
    withBench(async (bench) => {
      const { channel, mac, blobs } = bench;
      const row = mac.say("what is it?");
      await channel.send(channel.render(textMessage("this"))[0]!, target(DIRECT, { replyTo: row.guid, nonce: "n7" }));
      assert.deepEqual(last(bench, "POST /message/text"), {
        chatGuid: DIRECT,
        tempGuid: "n7",
        method: "private-api",
        selectedMessageGuid: row.guid,
        message: "this",
      });
      const blob = blobs.add(Buffer.from("CAF"), "audio/x-caf", "../../a/b.caf");
      const [file] = channel.render({ parts: [{ type: "media", media: { kind: "voice", blob } }] });
      await channel.send(file!, target(DIRECT, { nonce: "n8" }));
      const { name, isAudioMessage, attachment, tempGuid } = last(bench, "POST /message/attachment")!;
      assert.deepEqual([name, isAudioMessage, attachment, tempGuid], ["_.._a_b.caf", "true", "CAF", "n8"]);
      await assert.rejects(channel.send({ text: "", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } }, target(DIRECT)), {
        code: "blob_missing",
      });
    }));

  test("without the Private API nothing is offered that needs it, and answers go without a quote", () =>
    withBench(
      async (bench) => {
        const { channel, mac } = bench;
        assert.deepEqual([channel.actions, channel.typing, channel.capabilities.typing], [undefined, undefined, false]);
        mac.info.private_api = false;
        await channel.send(channel.render(textMessage("hi"))[0]!, target(DIRECT, { replyTo: "X" }));
        const { method, selectedMessageGuid } = last(bench, "POST /message/text")!;
        assert.deepEqual([method, selectedMessageGuid], ["apple-script", undefined]);
        assert.equal(channel.status().state, "ready");
      },
      { config: { private_api: false } },
    ));

  test("sec-30 a bare number is no address", () =>
    withBench(async ({ channel, mac }) => {
      await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target(ANN)), { code: "imessage_bad_address", failure: "permanent" });
      assert.ok(!mac.calls.some(({ call }) => call === "POST /message/text"));
    }));

  test("typing is asked for once while it is shown, and anew after a message", () =>
    withBench(async ({ channel, mac }) => {
      const { address } = target(DIRECT);
      const count = () => mac.calls.filter(({ call }) => call === `POST /chat/${DIRECT}/typing`).length;
      await channel.typing!(address);
      await channel.typing!(address);
      assert.equal(count(), 1);
      await channel.send(channel.render(textMessage("hi"))[0]!, target(DIRECT));
      await channel.typing!(address);
      assert.equal(count(), 2);
    }));

  test("actions do what iMessage has, and say what it has not", () =>
    withBench(async ({ channel, mac }) => {
      const { edit, delete: unsend, react, pin, poll } = channel.actions!;
      assert.deepEqual([pin, poll], [undefined, undefined]);
      const { messageId } = await channel.send(channel.render(textMessage("one"))[0]!, target(DIRECT));
      await edit!(action(DIRECT, messageId), "**two**");
      assert.deepEqual(mac.posted(DIRECT), ["two"]);
      await react!(action(DIRECT, messageId), "❤", true);
      await react!(action(DIRECT, messageId), "👍", false);
      assert.deepEqual(
        mac.reactions.map(({ reaction }) => reaction),
        ["love", "-like"],
      );
      await unsend!(action(DIRECT, messageId));
      assert.deepEqual(mac.posted(DIRECT), []);
      await assert.rejects(react!(action(DIRECT, messageId), "🎉", true), { code: "imessage_no_such_tapback" });
      await assert.rejects(edit!(action(DIRECT, messageId), "x ".repeat(4_000)), { code: "imessage_too_long" });
      await assert.rejects(unsend!(action(DIRECT, "nonce:n1")), { code: "imessage_no_message" });
      await assert.rejects(react!(action(DIRECT, "GONE"), "👍", true), { code: "imessage_not_there" });
      mac.info.helper_connected = false;
      await assert.rejects(react!(action(DIRECT, messageId), "👍", true), { code: "imessage_helper_missing", failure: "permanent" });
    }));

  test("fault-22 an action whose answer was lost may be done again, a send may not", () =>
    withBench(async ({ channel, mac }) => {
      const row = mac.say("hi");
      mac.faults.push({ call: "POST /message/react", drop: true }, { call: "POST /message/text", drop: true });
      await assert.rejects(channel.actions!.react!(action(DIRECT, row.guid), "👍", true), { code: "imessage_unreachable", failure: "retry" });
      await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target(DIRECT)), { code: "imessage_unreachable", failure: "unknown" });
      mac.faults.push({ call: "POST /message/text", status: 500, body: { error: { type: "iMessage Error", message: "Message send timeout" } } });
      await assert.rejects(channel.send(channel.render(textMessage("hi"))[0]!, target(DIRECT)), { code: "imessage_error", failure: "unknown" });
    }));

  test("fault-24 what cannot be delivered for good says what to do", () => {
    for (const [error, code] of [
      [new WayFailure("refused", "400"), "imessage_refused"],
      [new WayFailure("password", "401"), "imessage_password_refused"],
      [new WayFailure("gone", "404"), "imessage_not_there"],
      [new WayFailure("helper", "500"), "imessage_helper_missing"],
      [new WayFailure("undelivered", "error 22"), "imessage_not_delivered"],
      [new HttpFailure("refused", "no", false), "imessage_request_refused"],
      [new HttpFailure("too_large", "no", true), "imessage_file_too_big"],
    ] as const) {
      const told = toChannelError(error, "send");
      assert.deepEqual([told.code, told.failure], [code, "permanent"]);
      assert.notEqual(told.hint, undefined);
    }
    assert.equal(toChannelError(new WayFailure("away", "gone"), "send").failure, "retry");
    assert.equal(toChannelError(new WayFailure("lost", "?"), "send").failure, "unknown");
  });
});

describe("imessage config", () => {
  const problems = (section: object) => v.safeParse(imessageConfig, section).issues?.map(({ message }) => message) ?? [];
  const whole = { url: "http://mac.local:1234", password: new Secret("p", "x") };

  test("sec-30 people are named by handles, groups by their guids, and nobody owns by SMS", () => {
    assert.deepEqual(
      problems({ ...whole, allowed_users: ["Ann@Example.org", `sms:${ANN}`], owner_ids: [ANN], groups: { allowed: [GROUP], trusted: [ANN] } }),
      [],
    );
    for (const section of [{ allowed_users: ["Ann"] }, { owner_ids: [`sms:${ANN}`] }, { owner_ids: ["0155512345"] }, { groups: { allowed: [DIRECT] } }])
      assert.equal(problems({ ...whole, ...section }).length, 1, JSON.stringify(section));
  });

  test("url and password belong together, for every account", () => {
    assert.equal(problems({ url: whole.url }).length, 1);
    assert.deepEqual(problems({ accounts: { work: whole } }), []);
    assert.equal(problems({ accounts: { work: { url: whole.url } } }).length, 1);
  });
});
