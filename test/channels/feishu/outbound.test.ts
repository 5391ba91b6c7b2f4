import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toCardMarkdown } from "../../../src/channels/feishu/markup.ts";
import { textMessage } from "../../../src/core/message.ts";
import { parseMarkdown } from "../../../src/lib/markdown/index.ts";
import { ANN, APP, DIRECT, GROUP } from "../../fakes/feishu/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const one = (bench: Pick<Bench, "channel">, text: string) => bench.channel.render(textMessage(text))[0]!;
const action = (messageId: string, conversation = DIRECT) => ({ address: target(conversation).address, messageId, signal: AbortSignal.timeout(10_000) });

describe("feishu outbound", () => {
  test("a text is a card that can be updated; its markup is that of cards, and nothing in it calls anybody", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const text =
        "**b** *i* ~~s~~ `c<at id=all>` [x](https://a.example/(y)) <at id=all></at> # no heading :OK: 1 * 2\n\n# head\n\n> said\n\n```ts\na```b\n```\n\nhttps://b.example/a_b*c";
      await channel.send(one(bench, text), target(DIRECT));
      const [message] = feishu.messages;
      assert.equal(message!.type, "interactive");
      const { content } = message!.content.body!.elements[0]!;
      assert.match(content!, /^\*\*b\*\* \*i\* ~~s~~ `c<\u200bat id=all>` \[x\]\(https:\/\/a\.example\/%28y%29\) &#60;at id=all&#62;/);
      assert.match(content!, /&#58;OK: 1 &#42; 2\n\n\*\*head\*\*\n\n> said\n\n````ts\na```b\n````\n\nhttps:\/\/b\.example\/a_b&#42;c$/);
      assert.equal(toCardMarkdown(parseMarkdown("\\# x\n\n\\- y\n\n1\\. z\n\n--\\-")), "&#35; x\n\n&#45; y\n\n1&#46; z\n\n&#45;&#45;&#45;");
    }));

  test("a text whose marks are more than a card may hold goes without any; so does one that is not understood", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      for (const part of channel.render(textMessage("\\*".repeat(8_000)))) await channel.send(part, target(DIRECT));
      assert.deepEqual(feishu.texts(DIRECT), ["*".repeat(4_000), "*".repeat(4_000)]);
      feishu.messages.length = 0;
      await channel.send(one(bench, `[x](https://a.example/${"y".repeat(3_000)}) `.repeat(12)), target(DIRECT));
      assert.deepEqual([feishu.messages[0]!.content.body!.elements[0]!.tag, feishu.texts(DIRECT)], ["div", [`${"x ".repeat(11)}x`]]);
      feishu.messages.push(feishu.messages[0]!);
      feishu.faults.push({ call: "POST /im/v1/messages", code: 230099 });
      await channel.send(one(bench, "**odd**"), target(DIRECT));
      assert.deepEqual([feishu.texts(DIRECT)[2], feishu.messages[2]!.content.body!.elements[0]!.tag], ["odd", "div"]);
    }));

  test("an answer goes into its topic, below its question, or to a person; one whose question was taken back stands alone", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      await channel.send(one(bench, "topic"), target(GROUP, { thread: "om_root" }));
      await channel.send(one(bench, "below"), target(GROUP, { replyTo: "om_question" }));
      await channel.send(one(bench, "alone"), target(GROUP, { replyTo: "om_gone" }));
      await channel.send(one(bench, "to a person"), target(ANN));
      await channel.send(one(bench, "to her union"), target("on_ann"));
      assert.deepEqual(
        feishu.messages.map(({ chat, replyTo, inThread }) => [chat, replyTo, inThread]),
        [
          [GROUP, "om_root", true],
          [GROUP, "om_question", false],
          [GROUP, undefined, undefined],
          [DIRECT, undefined, undefined],
          [DIRECT, undefined, undefined],
        ],
      );
      await assert.rejects(channel.send(one(bench, "x"), target(GROUP, { thread: "om_gone" })), { code: "feishu_not_there", failure: "permanent" });
    }));

  test("fault-22 a send whose answer was lost is sent again with its uuid, and there once; after an hour nobody can know", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const place = target(DIRECT);
      feishu.faults.push({ call: "POST /im/v1/messages", drop: true });
      await assert.rejects(channel.send(one(bench, "once"), place), { code: "feishu_unreachable", failure: "retry" });
      const { messageId } = await channel.send(one(bench, "once"), { ...place, triedSince: Date.now() - 60_000 });
      assert.deepEqual([feishu.texts(DIRECT), messageId], [["once"], feishu.messages[0]!.id]);
      await assert.rejects(channel.send(one(bench, "once"), { ...place, triedSince: Date.now() - 3_600_000 }), {
        code: "feishu_uuid_over",
        failure: "unknown",
      });
    }));

  test("fault-23 fault-24 limits, stumbles and refusals are told apart", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const cases = [
        [
          { status: 400, code: 99991400, headers: { "x-ogw-ratelimit-reset": "52" } },
          { code: "feishu_rate_limited", failure: "retry", retryAfterMs: 52_000 },
        ],
        [{ code: 230020 }, { code: "feishu_rate_limited", failure: "retry", retryAfterMs: 1_000 }],
        [{ status: 503 }, { code: "feishu_error", failure: "retry" }],
        [{ code: 230049 }, { code: "feishu_error", failure: "retry" }],
        [{ code: 99991672 }, { code: "feishu_scope_missing", failure: "permanent" }],
        [{ code: 230002 }, { code: "feishu_conversation_closed", failure: "permanent" }],
        [{ code: 230025 }, { code: "feishu_too_big", failure: "permanent" }],
        [{ code: 230022 }, { code: "feishu_refused", failure: "permanent" }],
      ] as const;
      for (const [fault, expected] of cases) {
        feishu.faults.push({ call: "POST /im/v1/messages", ...fault });
        await assert.rejects(channel.send(one(bench, "x"), target(DIRECT)), expected);
      }
      const wrong = await createBench({ config: { api_root: "ftp://x" } });
      await assert.rejects(wrong.channel.send(one(wrong, "x"), target(DIRECT)), { code: "feishu_request_refused" });
      await wrong.close();
      const refused = await createBench();
      refused.feishu.refuse(true);
      await assert.rejects(refused.channel.send(one(refused, "x"), target(DIRECT)), { code: "feishu_credentials_refused", failure: "permanent" });
      await refused.close();
    }));

  test("a token that is over is asked for anew, once however many wait for it", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const before = feishu.tokens.length;
      feishu.tokens.push("t_another");
      await Promise.all(["a", "b", "c"].map((text) => channel.send(one(bench, text), target(DIRECT))));
      assert.deepEqual(feishu.texts(DIRECT).toSorted(), ["a", "b", "c"]);
      assert.equal(feishu.tokens.length - before, 2);
    }));

  test("an update replaces the card; a file replaces nothing", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const place = target(DIRECT);
      const receipt = await channel.send(one(bench, "draft"), place);
      await channel.edit!(receipt, one(bench, "final"), place);
      assert.deepEqual(feishu.texts(DIRECT), ["final"]);
      await assert.rejects(channel.edit!(receipt, { text: "", payload: { kind: "media", media: { kind: "photo" } } }, place), { code: "feishu_not_editable" });
      feishu.messages[0]!.deleted = true;
      await assert.rejects(channel.edit!(receipt, one(bench, "late"), place), { code: "feishu_not_there", failure: "permanent" });
    }));

  test("files go up first, each as the kind that shows it best", () =>
    withBench(async (bench) => {
      const { channel, feishu, blobs } = bench;
      const send = async (type: string, size = 3) => {
        const media = { kind: "document" as const, blob: blobs.add(Buffer.alloc(size, "x"), type, "a.bin"), duration: 2 };
        await channel.send(channel.render({ parts: [{ type: "media", media }] })[0]!, target(DIRECT));
        const { type: shown, content } = feishu.messages.at(-1)!;
        return [shown, (content.image_key ?? content.file_key!).replace(/_\d.*/, "")];
      };
      assert.deepEqual(await send("image/png"), ["image", "img"]);
      assert.deepEqual(await send("image/png", 10_000_001), ["file", "file_stream"]);
      feishu.faults.push({ call: "POST /im/v1/images", status: 400, code: 234039 });
      assert.deepEqual(await send("image/gif"), ["file", "file_stream"], "what is no picture to Feishu goes as a file");
      assert.deepEqual(await send("audio/ogg"), ["audio", "file_opus"]);
      assert.deepEqual(await send("video/mp4"), ["media", "file_mp4"]);
      assert.deepEqual(await send("application/pdf"), ["file", "file_pdf"]);
      await assert.rejects(send("text/plain", 0), { code: "feishu_refused" });
      await assert.rejects(channel.send({ text: "", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } }, target(DIRECT)), {
        code: "blob_missing",
      });
    }));

  test("sec-35 a press comes back as an update with its place, is answered to whoever pressed, and means nothing on a copy elsewhere", () =>
    withBench(async (bench) => {
      const { channel, feishu, intake } = bench;
      intake.outcome = () => ({ kind: "command", name: "approve", reply: "Done." });
      const ask = {
        ...textMessage("May I?"),
        buttons: [
          { label: "Yes", data: "yes:1" },
          { label: "No", data: "no:1" },
        ],
      };
      await channel.send(channel.render(ask)[0]!, target(GROUP, { thread: "om_root" }));
      const card = feishu.messages[0]!;
      feishu.press(card, 1, { chat: "oc_elsewhere" });
      feishu.press(card, 1);
      await feishu.until(() => feishu.taken() === 2);
      const [press, ...others] = intake.updates;
      assert.equal(others.length, 0);
      assert.deepEqual(
        press?.type === "press" && [press.data, press.sender.id, press.direct, press.messageId, press.address.conversation, press.address.thread],
        ["no:1", ANN, false, card.id, GROUP, "om_root"],
      );
      assert.deepEqual(feishu.toasts, [{ toast: { type: "info", content: "Done." } }]);
      // Sent to a person, a card is answered by that person alone.
      await channel.send(channel.render(ask)[0]!, target(ANN));
      feishu.press(feishu.messages[1]!, 0, { from: "ou_eve" });
      feishu.press(feishu.messages[1]!, 0);
      await feishu.until(() => feishu.taken() === 4);
      assert.deepEqual(
        intake.updates.slice(1).map((update) => [update.sender.id, update.direct, update.address.conversation]),
        [[ANN, true, DIRECT]],
      );
      assert.equal(feishu.calls.filter(({ call }) => call.startsWith("GET /im/v1/chats/")).length, 1);
    }));
});

describe("feishu actions", () => {
  test("edit, delete, pin and thread do what they say, and tell what the platform answered", () =>
    withBench(async (bench) => {
      const { channel, feishu } = bench;
      const actions = channel.actions!;
      const { messageId } = await channel.send(one(bench, "one"), target(DIRECT));
      await actions.edit!(action(messageId), "**two**");
      assert.deepEqual(feishu.texts(DIRECT), ["**two**"]);
      await assert.rejects(actions.edit!(action(messageId), "x".repeat(5_000)), { code: "feishu_too_big" });
      await actions.pin!(action(messageId), true);
      assert.ok(feishu.pins.has(messageId));
      await actions.pin!(action(messageId), false);
      assert.equal(feishu.pins.size, 0);
      assert.deepEqual(await actions.thread!(action(messageId), "A topic <at user_id=all>"), { thread: messageId });
      assert.deepEqual([feishu.messages[1]!.inThread, feishu.messages[1]!.content.text], [true, "A topic <\u200bat user_id=all>"]);
      await actions.delete!(action(messageId));
      await assert.rejects(actions.delete!(action(messageId)), { code: "feishu_not_there", failure: "permanent" });
      assert.equal(actions.poll, undefined);
    }));

  test("a reaction is one of the platform's own; taken back is only ours", () =>
    withBench(async ({ channel, feishu }) => {
      const { react } = channel.actions!;
      feishu.reactions.push({ id: "re_ann", message: "om_1", emoji: "HEART", by: ANN });
      await react!(action("om_1"), "❤️", true);
      await react!(action("om_1"), "👍🏽", true);
      assert.deepEqual(
        feishu.reactions.map(({ emoji, by }) => [emoji, by]),
        [
          ["HEART", ANN],
          ["HEART", APP],
          ["THUMBSUP", APP],
        ],
      );
      await react!(action("om_1"), "❤", false);
      assert.deepEqual(
        feishu.reactions.map(({ emoji, by }) => [emoji, by]),
        [
          ["HEART", ANN],
          ["THUMBSUP", APP],
        ],
      );
      await react!(action("om_1"), "❤", false);
      assert.equal(feishu.reactions.length, 2, "what is taken back stays so, and is nobody else's");
      await assert.rejects(react!(action("om_gone"), "❤", false), { code: "feishu_not_there", failure: "permanent" });
      await assert.rejects(react!(action("om_1"), "🦄", true), { code: "feishu_no_such_reaction", failure: "permanent" });
    }));
});
