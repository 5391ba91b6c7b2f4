import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Channel } from "../../../src/core/channel.ts";
import { type Message, textMessage } from "../../../src/core/message.ts";
import { ANN } from "../../fakes/whatsapp/cloud.ts";
import { target, TOKEN, withCloud } from "./cloud-harness.ts";

const send = async (channel: Channel, message: Message, more: Parameters<typeof target>[1] = {}) => {
  const ids: string[] = [];
  for (const part of channel.render(message)) ids.push((await channel.send(part, target(ANN, more))).messageId);
  return ids;
};

describe("whatsapp, Cloud API: what goes out", () => {
  test("Markdown becomes WhatsApp's marks, links show where they lead, and nothing else becomes a mark", () =>
    withCloud(async ({ cloud, channel }) => {
      await send(
        channel,
        textMessage(
          "# Plan\n\n**bold** and *thin*, ~~gone~~ `code` [here](https://a.test/x_y_z) and 2 * 3 * 4, snake_case_name, a *b\n\n```ts\nlet x\n```\n> said",
        ),
        {
          replyTo: "wamid.q",
        },
      );
      const [message] = cloud.sent;
      assert.equal(
        message!.text!.body,
        "*Plan*\n\n*bold* and _thin_, ~gone~ `code` here (https://a.test/x_y_z) and 2 * 3 * 4, snake_case_name, a *\u200bb\n\n```let x```\n\n> said",
      );
      assert.deepEqual(message!.context, { message_id: "wamid.q" });
      assert.equal(message!.text!.preview_url, false);
    }));

  test("up to three buttons are reply buttons, more of them the rows of a list, below a text that WhatsApp takes", () =>
    withCloud(async ({ cloud, channel }) => {
      const button = (label: string) => ({ label, data: `a:${label}` });
      await send(channel, { parts: [{ type: "text", text: "Really?" }], buttons: ["yes", "no"].map(button) });
      assert.deepEqual(cloud.sent[0]!.interactive, {
        type: "button",
        body: { text: "Really?" },
        action: {
          buttons: [
            { type: "reply", reply: { id: "clanker:a:yes", title: "yes" } },
            { type: "reply", reply: { id: "clanker:a:no", title: "no" } },
          ],
        },
      });
      await send(channel, { parts: [{ type: "text", text: `${"word ".repeat(400)}` }], buttons: ["once", "session", "always", "deny"].map(button) });
      const last = cloud.sent.at(-1)!.interactive!;
      assert.equal(last.type, "list");
      assert.deepEqual(
        last.action.sections![0]!.rows.map(({ id }) => id),
        ["clanker:a:once", "clanker:a:session", "clanker:a:always", "clanker:a:deny"],
      );
      assert.ok(cloud.sent.length > 3, "the long text goes before in pieces");
    }));

  test("files are uploaded and sent as what they are; what WhatsApp does not show goes as a document", () =>
    withCloud(async ({ cloud, channel, blobs }) => {
      const media = (kind: "photo" | "voice" | "document" | "sticker", bytes: number, type: string, name?: string) => ({
        type: "media" as const,
        media: { kind, blob: blobs.add(new Uint8Array(bytes), type, name) },
      });
      await send(channel, { parts: [media("photo", 3, "image/png"), media("voice", 4, "audio/ogg"), media("document", 5, "application/pdf", "a.pdf")] });
      await send(channel, { parts: [media("sticker", 200_000, "image/webp", "big.webp")] });
      assert.deepEqual(
        cloud.sent.map(({ type }) => type),
        ["image", "audio", "document", "document"],
      );
      assert.equal(cloud.sent[1]!.audio!.voice, true);
      assert.equal(cloud.sent[2]!.document!.filename, "a.pdf");
      assert.deepEqual(
        cloud.sent.map(({ image, audio, document }) => cloud.files.get((image ?? audio ?? document)!.id)!.bytes.length),
        [3, 4, 5, 200_000],
      );
      await send(channel, { parts: [{ type: "location", latitude: 1, longitude: 2, name: "Here" }] });
      await send(channel, { parts: [{ type: "contact", name: "Bob", phone: "+15" }] });
      assert.deepEqual(cloud.sent.at(-2)!.location, { latitude: 1, longitude: 2, name: "Here" });
      assert.equal(cloud.sent.at(-1)!.contacts![0]!.phones[0]!.phone, "+15");
    }));

  test("a file goes under a type that the upload takes: bare, text as plain text; what it takes under none is refused before", () =>
    withCloud(async ({ cloud, channel, blobs }) => {
      const media = (type: string, name: string, kind: "voice" | "document" = "document") => ({
        type: "media" as const,
        media: { kind, blob: blobs.add(new Uint8Array(3), type, name) },
      });
      await send(channel, {
        parts: [media("audio/ogg; codecs=opus", "v.ogg", "voice"), media("text/csv; charset=utf-8", "a.csv"), media("application/json", "a.json")],
      });
      assert.deepEqual(
        cloud.sent.map(({ audio, document }) => [cloud.files.get((audio ?? document)!.id)!.type, document?.filename ?? audio?.voice]),
        [
          ["audio/ogg", true],
          ["text/plain", "a.csv"],
          ["text/plain", "a.json"],
        ],
      );
      await assert.rejects(send(channel, { parts: [media("application/zip", "a.zip")] }), { code: "whatsapp_file_refused", failure: "permanent" });
      assert.equal(cloud.sent.length, 3);
    }));

  test("files are fetched by their id, and the token goes to no other host than Meta's", () =>
    withCloud(async ({ cloud, channel }) => {
      const id = cloud.addFile(new Uint8Array([1, 2, 3]), "image/jpeg");
      const signal = new AbortController().signal;
      const got = await channel.fetchMedia!({ kind: "photo", ref: id }, signal);
      assert.deepEqual([[...got.bytes], got.type], [[1, 2, 3], "image/jpeg"]);
      const stolen = await withStranger(async (url, seen) => {
        cloud.addressOf(id, url);
        await assert.rejects(channel.fetchMedia!({ kind: "photo", ref: id }, signal), { name: "ChannelError" });
        return seen();
      });
      assert.deepEqual(stolen, []);
      await assert.rejects(channel.fetchMedia!({ kind: "photo", ref: "424242" }, signal), { code: "whatsapp_refused", failure: "permanent" });
      await assert.rejects(channel.fetchMedia!({ kind: "photo" }, signal), { code: "whatsapp_no_file" });
      const big = cloud.addFile(new Uint8Array(20_000_001), "video/mp4");
      await assert.rejects(channel.fetchMedia!({ kind: "video", ref: big }, signal), { code: "whatsapp_file_too_big", failure: "permanent" });
    }));

  test("outside the 24 hours the answer says so, whether Meta refuses it at once or only tells it afterwards", () =>
    withCloud(async ({ cloud, channel }) => {
      cloud.faults.push({ call: "POST /messages", status: 400, error: { code: 131047, message: "Re-engagement message" } });
      const closed = { code: "whatsapp_window_closed", failure: "permanent", hint: /24 hours/ };
      await assert.rejects(send(channel, textMessage("late")), closed);
      cloud.tellStatuses();
      await send(channel, textMessage("in time"));
      await cloud.until(() => cloud.answers.some(({ status }) => status === 200));
      cloud.faults.push({ call: "POST /messages", failsLater: { code: 131047, title: "Re-engagement message" } });
      await assert.rejects(send(channel, textMessage("late")), closed);
    }));

  test("fault-22 what Meta answers decides whether a message is sent again", () =>
    withCloud(async ({ cloud, channel }) => {
      const cases: [number, number, string, string, number?][] = [
        [400, 130429, "whatsapp_rate_limited", "retry", 5_000],
        [400, 80007, "whatsapp_rate_limited", "retry", 60_000],
        [400, 131056, "whatsapp_rate_limited", "retry", 6_000],
        [500, 131000, "whatsapp_error", "retry"],
        [503, 2, "whatsapp_error", "retry"],
        [400, 131026, "whatsapp_undeliverable", "permanent"],
        [403, 131031, "whatsapp_restricted", "permanent"],
        [400, 131053, "whatsapp_file_refused", "permanent"],
        [400, 100, "whatsapp_refused", "permanent"],
        [401, 190, "whatsapp_token_refused", "permanent"],
      ];
      for (const [status, code, expected, failure, retryAfterMs] of cases) {
        cloud.faults.push({ call: "POST /messages", status, error: { code, message: "no" } });
        await assert.rejects(
          send(channel, textMessage("x")),
          { code: expected, failure, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
          String(code),
        );
      }
      assert.equal(cloud.sent.length, 0);
      const poll = { text: "", payload: { kind: "poll", question: "?", options: ["a", "b"] } };
      await assert.rejects(channel.send(poll, target()), { code: "whatsapp_no_poll" }, "one that was rendered by the other mode");
      cloud.refuse(true);
      await assert.rejects(send(channel, textMessage("x")), { code: "whatsapp_unreachable" });
      cloud.refuse(false);
      cloud.faults.push({ call: "POST /messages", status: 502 });
      await assert.rejects(send(channel, textMessage("x")), { code: "whatsapp_error", failure: "unknown" }, "a page of something in between tells nothing");
    }));

  test("fault-24 a message whose answer was lost is found by the nonce in its status, and is not sent twice", () =>
    withCloud(
      async ({ cloud, channel }) => {
        cloud.tellStatuses();
        cloud.faults.push({ call: "POST /messages", drop: true });
        const [id] = await send(channel, textMessage("once"));
        assert.equal(cloud.sent.length, 1);
        assert.equal(id, cloud.sent[0]!.id);
      },
      { timing: { doubtMs: 10_000 } },
    ));

  test("a status that comes too late is in the log", () =>
    withCloud(async ({ cloud, logs }) => {
      cloud.status("wamid.late", "failed", { nonce: "gone", error: { code: 131026, title: "Message undeliverable" } });
      await cloud.until(() => logs().includes("wamid.late"));
      assert.match(logs(), /131026/);
    }));

  test("the sign of writing stands below the newest message, once in a while, and only where read marks are wanted", async () => {
    const write = async (bench: {
      channel: Channel;
      cloud: { say(content: object): string };
      intake: { until(condition: () => boolean): Promise<void>; updates: unknown[] };
    }) => {
      bench.cloud.say({ type: "text", text: { body: "hi" } });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const { address } = target();
      await bench.channel.typing!(address);
      await bench.channel.typing!(address);
    };
    await withCloud(async (bench) => {
      await bench.channel.typing!(target().address);
      await write({ ...bench, intake: { until: bench.intake.until, updates: bench.intake.updates } });
      await bench.cloud.until(() => bench.cloud.taken() === 1);
      await bench.channel.typing!(target().address);
      assert.deepEqual(
        bench.cloud.reads.map(({ message_id, typing_indicator }) => ({ message_id, typing_indicator })),
        [{ message_id: "wamid.000001", typing_indicator: { type: "text" } }],
      );
    });
    await withCloud(
      async (bench) => {
        assert.equal(bench.channel.capabilities.typing, false);
        await write(bench);
        await bench.cloud.until(() => bench.cloud.taken() === 1);
        await bench.channel.typing!(target().address);
        assert.deepEqual(bench.cloud.reads, []);
      },
      { config: { mark_read: false } },
    );
  });

  test("a reaction is put on and taken back, and what Meta refuses is told", () =>
    withCloud(async ({ cloud, channel }) => {
      const messageId = cloud.say({ type: "text", text: { body: "hello" } });
      const at = { ...target(), messageId };
      await channel.actions!.react!(at, "👍", true);
      await channel.actions!.react!(at, "👍", false);
      assert.deepEqual(
        cloud.sent.map(({ type, reaction }) => ({ type, reaction })),
        [
          { type: "reaction", reaction: { message_id: messageId, emoji: "👍" } },
          { type: "reaction", reaction: { message_id: messageId, emoji: "" } },
        ],
      );
      cloud.faults.push({ call: "POST /messages", status: 400, error: { code: 131009, message: "bad emoji" } });
      await assert.rejects(channel.actions!.react!(at, "👍", true), { code: "whatsapp_refused" });
      await assert.rejects(channel.actions!.react!(at, "x", true), { code: "whatsapp_no_emoji" });
      assert.deepEqual(Object.keys(channel.actions!), ["react"], "the Cloud API can neither edit nor delete nor poll");
    }));

  test("fault-51 a token that Meta refuses is a failed account that says what to do, until it is mended", () =>
    withCloud(async ({ cloud, channel, logs }) => {
      for (let index = 0; index < 3; index++) cloud.faults.push({ call: "GET /1", status: 401, error: { code: 190, message: "expired" } });
      await cloud.until(() => channel.status().state === "failed");
      assert.equal(channel.status().code, "whatsapp_token_refused");
      assert.match(channel.status().detail!, /system user/);
      assert.equal(channel.status().identity, "Clanker Ltd +1 555-078-3881");
      await cloud.until(() => channel.status().state === "ready");
      assert.ok(!logs().includes(TOKEN));
    }));
});

/** A server that is not Meta's. */
async function withStranger<T>(run: (url: string, seen: () => string[]) => Promise<T>): Promise<T> {
  const { createServer } = await import("node:http");
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(String(request.headers.authorization));
    response.end("x");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  try {
    return await run(`http://127.0.0.1:${(server.address() as { port: number }).port}/file`, () => seen);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  }
}
