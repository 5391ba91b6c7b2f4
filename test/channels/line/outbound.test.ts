import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textMessage } from "../../../src/core/message.ts";
import { ANN, GROUP } from "../../fakes/line/index.ts";
import { realClock } from "../harness.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { type Bench, createBench, ready, target, withBench } from "./harness.ts";

const PUSH = "POST /v2/bot/message/push";
const REPLY = "POST /v2/bot/message/reply";
const one = (bench: Bench, text: string) => bench.channel.render(textMessage(text))[0]!;
const by = ({ line }: Bench) => line.messages.map((sent) => `${sent.by} ${sent.message.text ?? sent.message.type}`);
const said = async (bench: Bench, ...args: Parameters<Bench["line"]["say"]>) => {
  const count = bench.intake.updates.length;
  bench.line.say(...args);
  await bench.intake.until(() => bench.intake.updates.length > count);
};

describe("line outbound", () => {
  test("the first part of a quick answer is a free reply, what follows and what comes from ourselves is pushed", () =>
    withBench(async (bench) => {
      await bench.channel.send(one(bench, "by ourselves"), target(ANN));
      await said(bench, "hi");
      await bench.channel.send(one(bench, "first"), target(ANN));
      await bench.channel.send(one(bench, "second"), target(ANN));
      assert.deepEqual(by(bench), ["push by ourselves", "reply first", "push second"]);
    }));

  test("a token that is a minute old, or was delivered again, is not used", () =>
    withBench(
      async (bench) => {
        await said(bench, "old");
        await bench.channel.send(one(bench, "late"), target(ANN));
        assert.deepEqual(by(bench), ["push late"]);
      },
      { timing: { replyMs: -1 } },
    ));

  test("a token that LINE refuses at the first try has sent nothing, so the part is pushed", () =>
    withBench(async (bench) => {
      await said(bench, "hi");
      for (const token of bench.line.replyTokens.values()) token.used = true;
      await bench.channel.send(one(bench, "still arrives"), target(ANN));
      assert.deepEqual(by(bench), ["push still arrives"]);
      assert.deepEqual(JSON.parse(bench.intake.cursors.at(-1)!.value), []);
    }));

  test("fault-22 a push whose answer was lost is pushed again with its retry key, and there once", () =>
    withBench(async (bench) => {
      const place = target(ANN);
      bench.line.faults.push({ call: PUSH, drop: true });
      await assert.rejects(bench.channel.send(one(bench, "once"), place), { code: "line_unreachable", failure: "retry" });
      const { messageId } = await bench.channel.send(one(bench, "once"), { ...place, triedSince: Date.now() });
      assert.equal(messageId, bench.line.messages[0]!.id);
      assert.deepEqual(by(bench), ["push once"]);
      // LINE knows a key for a day.
      await assert.rejects(bench.channel.send(one(bench, "once"), { ...place, triedSince: Date.now() - 24 * 3_600_000 }), {
        code: "line_retry_key_over",
        failure: "unknown",
      });
    }));

  test("fault-22 a reply whose answer was lost is tried again with its token, after a crash too, and is there once", async () => {
    const intake = createRecordingIntake();
    const first = await createBench({ intake });
    try {
      first.start();
      await ready(first);
      const places = [target(ANN), target(ANN)];
      for (const [index, place] of places.entries()) {
        await said(first, `question ${index}`);
        first.line.faults.push({ call: REPLY, drop: true });
        await assert.rejects(first.channel.send(one(first, `answer ${index}`), place), { code: "line_unreachable", failure: "retry" });
      }
      await first.channel.send(one(first, "answer 0"), { ...places[0]!, triedSince: Date.now() });
      await first.stop();
      // The outbox may be quicker than the account itself.
      const second = await createBench({ intake, line: first.line });
      try {
        const again = await second.channel.send(one(second, "answer 1"), { ...places[1]!, triedSince: Date.now() });
        assert.match(again.messageId, /^sent:/);
        assert.deepEqual(by(second), ["reply answer 0", "reply answer 1"]);
      } finally {
        await second.close();
      }
    } finally {
      await first.close();
    }
  });

  test("fault-22 when the minute of a lost reply is over nobody can know, and it is not sent again", async () => {
    let ahead = 0;
    const bench = await createBench({ deps: { clock: { ...realClock, now: () => Date.now() + ahead } } });
    try {
      bench.start();
      await ready(bench);
      await said(bench, "hi");
      const place = target(ANN);
      bench.line.faults.push({ call: REPLY, drop: true });
      await assert.rejects(bench.channel.send(one(bench, "x"), place), { failure: "retry" });
      ahead = 60_000;
      await assert.rejects(bench.channel.send(one(bench, "x"), { ...place, triedSince: Date.now() }), { code: "line_reply_unknown", failure: "unknown" });
      assert.equal(bench.line.messages.length, 1);
    } finally {
      await bench.close();
    }
  });

  test("fault-23 fault-24 limits, stumbles and refusals are told apart, and a refused reply goes as a push later", () =>
    withBench(async (bench) => {
      const cases = [
        [
          { status: 429, headers: { "retry-after": "37" } },
          { code: "line_rate_limited", failure: "retry", retryAfterMs: 37_000 },
        ],
        [
          { status: 429, body: { message: "You have reached your monthly limit." } },
          { code: "line_quota_used_up", failure: "permanent" },
        ],
        [{ status: 500 }, { code: "line_error", failure: "retry" }],
        [{ status: 401 }, { code: "line_token_refused", failure: "permanent" }],
        [{ status: 403 }, { code: "line_refused", failure: "permanent" }],
        [{ status: 404 }, { code: "line_not_there", failure: "permanent" }],
        [{ status: 413 }, { code: "line_file_too_big", failure: "permanent" }],
        // A 409 that does not say that the request before was accepted.
        [{ status: 409 }, { code: "line_refused", failure: "permanent" }],
      ] as const;
      for (const [fault, expected] of cases) {
        bench.line.faults.push({ call: PUSH, ...fault });
        await assert.rejects(bench.channel.send(one(bench, "x"), target(ANN)), expected);
      }
      await said(bench, "hi");
      const place = target(ANN);
      bench.line.faults.push({ call: REPLY, status: 429 });
      await assert.rejects(bench.channel.send(one(bench, "patient"), place), { code: "line_rate_limited" });
      await bench.channel.send(one(bench, "patient"), { ...place, triedSince: Date.now() });
      assert.deepEqual(by(bench), ["push patient"]);
      const wrong = await createBench({ config: { api_root: "ftp://x" } });
      await assert.rejects(wrong.channel.send(one(wrong, "x"), target(ANN)), { code: "line_request_refused" });
      await wrong.close();
    }));

  test("what cannot be written down is not replied, and says what the store said", () =>
    withBench(async (bench) => {
      await said(bench, "hi");
      bench.intake.rejectNext(new Error("disk"));
      await assert.rejects(bench.channel.send(one(bench, "x"), target(ANN)), { code: "internal", failure: "retry" });
      assert.equal(bench.line.messages.length, 0);
    }));

  test("texts have no markup, links show where they lead, and an answer in a group quotes the question", () =>
    withBench(async (bench) => {
      const { line, channel } = bench;
      await said(bench, { type: "text", text: "@Clanker hi", mention: { mentionees: [{ index: 0, length: 8, type: "user", isSelf: true }] } }, { to: GROUP });
      const question = bench.intake.updates[0]!;
      const replyTo = question.type === "message" ? question.messageId : "";
      await channel.send(one(bench, "**b** [x](https://a.example) `c`"), target(GROUP, { replyTo }));
      assert.deepEqual(line.messages[0]!.message, { type: "text", text: "b x (https://a.example) c", quoteToken: `q${replyTo}` });
    }));

  test("a place is a place, one nowhere is words, and a file without public_url is words", async () => {
    const bench = await createBench({ config: { public_url: undefined } });
    try {
      const render = (latitude: number) => bench.channel.render({ parts: [{ type: "location", latitude, longitude: 10, name: "Home" }] })[0]!;
      assert.deepEqual(render(50).payload, { kind: "location", latitude: 50, longitude: 10, name: "Home" });
      assert.deepEqual(render(91).payload, { kind: "text", text: "Home: 91, 10" });
      assert.deepEqual(bench.channel.render({ parts: [{ type: "media", media: { kind: "photo", blob: "b" } }] })[0]!.payload, {
        kind: "text",
        text: "[photo]",
      });
      await assert.rejects(
        bench.channel.send(
          { text: "", payload: { kind: "media", media: { kind: "photo", blob: bench.blobs.add(Buffer.from("x"), "image/png") } } },
          target(ANN),
        ),
        {
          code: "line_no_public_url",
        },
      );
    } finally {
      await bench.close();
    }
  });

  test("files go as links to our own door, which hands out what was signed, for a week, and nothing else", () =>
    withBench(async (bench) => {
      const { channel, line, blobs } = bench;
      const send = async (bytes: Buffer, type: string, more: { duration?: number; name?: string } = {}) => {
        const media = { kind: "document" as const, blob: blobs.add(bytes, type, "a b.bin"), ...more };
        await channel.send(channel.render({ parts: [{ type: "media", media }] })[0]!, target(ANN));
        return line.messages.at(-1)!.message;
      };
      const get = (url: string) => channel.webhook!(new Request(url));
      const photo = await send(Buffer.from("PNG"), "image/png");
      assert.equal(photo.type, "image");
      const got = await get(photo.originalContentUrl!);
      assert.deepEqual(
        [got.status, await got.text(), got.headers.get("content-type"), got.headers.get("content-disposition")],
        [200, "PNG", "image/png", "inline"],
      );
      assert.equal(photo.previewImageUrl, photo.originalContentUrl);
      const large = await send(Buffer.alloc(1_000_001), "image/jpeg");
      const preview = await get(large.previewImageUrl!);
      assert.deepEqual(
        [
          preview.status,
          Buffer.from(await preview.arrayBuffer())
            .subarray(1, 4)
            .toString(),
        ],
        [200, "PNG"],
      );
      assert.equal((await send(Buffer.from("MP4"), "video/mp4")).type, "video");
      assert.equal((await send(Buffer.from("MP3"), "audio/mpeg", { duration: 2.5 })).duration, 2_500);
      const page = await send(Buffer.from("<script>"), "text/html", { name: "page.html" });
      assert.match(page.text!, /^page\.html\nhttp/);
      const link = new URL(page.text!.split("\n")[1]!);
      const html = await get(link.href);
      assert.deepEqual([html.headers.get("content-type"), html.headers.get("x-content-type-options")], ["application/octet-stream", "nosniff"]);
      assert.match(html.headers.get("content-disposition")!, /^attachment; filename\*=UTF-8''a%20b\.bin$/);
      for (const [name, value] of [
        ["file", "other"],
        ["until", "9".repeat(15)],
        ["until", "1"],
        ["mac", "0".repeat(64)],
        ["mac", ""],
      ] as const) {
        const changed = new URL(link);
        changed.searchParams.set(name, value);
        assert.equal((await get(changed.href)).status, 403);
      }
      assert.equal((await get(bench.hook)).status, 403);
      await assert.rejects(channel.send({ text: "", payload: { kind: "media", media: { kind: "photo", blob: "gone" } } }, target(ANN)), {
        code: "blob_missing",
      });
    }));

  test("buttons stand below their text and come back as presses", () =>
    withBench(async (bench) => {
      const { channel, line } = bench;
      const buttons = ["Allow once", "Always allow exactly this", "3", "4", "Deny"].map((label, index) => ({ label, data: `ask:ABCDEF:${index}` }));
      await channel.send(channel.render({ ...textMessage(`May I?\n\n${"long ".repeat(100)}`), buttons })[0]!, target(ANN));
      const [text, first, second] = line.messages.map(({ message }) => message);
      assert.match(text!.text!, /^May I/);
      assert.equal(first!.template!.text, "May I?");
      assert.deepEqual(first!.template!.actions[1], {
        type: "postback",
        label: "Always allow exactl…",
        data: "ask:ABCDEF:1",
        displayText: "Always allow exactly this",
      });
      assert.equal(second!.template!.actions.length, 1);
      line.press(first!.template!.actions[0]!.data);
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const [press] = bench.intake.updates;
      assert.deepEqual(press?.type === "press" && [press.data, press.sender.id, press.direct], ["ask:ABCDEF:0", ANN, true]);
    }));

  test("the loading animation is shown to one person, never to a group", () =>
    withBench(async ({ channel, line }) => {
      await channel.typing!(target(GROUP).address);
      await channel.typing!(target(ANN).address);
      assert.deepEqual(line.loading, [{ chatId: ANN, loadingSeconds: 20 }]);
    }));
});
