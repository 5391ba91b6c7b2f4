import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textMessage } from "../../../src/core/message.ts";
import { ANN } from "../../fakes/zalo/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const one = (bench: Bench, text: string) => bench.channel.render(textMessage(text))[0]!;

describe("zalo outbound", () => {
  test("texts have no markup and links show where they lead; each part goes once, under the id that Zalo gives it", () =>
    withBench(async (bench) => {
      const { zalo, channel } = bench;
      const { messageId } = await channel.send(one(bench, "**b** [x](https://a.example) `c`"), target(ANN));
      assert.deepEqual(zalo.sent, [{ method: "sendMessage", args: { chat_id: ANN, text: "b x (https://a.example) c" }, id: messageId }]);
    }));

  test("buttons are left out, because approvals are answered with their code", () =>
    withBench(async ({ channel }) => {
      const rendered = channel.render({ ...textMessage("May I?"), buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }] });
      assert.deepEqual(rendered, [{ text: "May I?", payload: { kind: "text", text: "May I?" } }]);
    }));

  test("fault-22 fault-23 fault-24 quotas, stumbles, refusals and lost answers are told apart, by the code of the answer before the status", () =>
    withBench(async (bench) => {
      const cases = [
        [
          { status: 429, headers: { "retry-after": "37" } },
          { code: "zalo_rate_limited", failure: "retry", retryAfterMs: 37_000 },
        ],
        [
          { status: 200, body: { ok: false, error_code: 429, description: "Quota exceeded" } },
          { code: "zalo_rate_limited", failure: "retry", retryAfterMs: 30_000 },
        ],
        [
          { status: 200, body: { ok: false, description: "Bad" } },
          { code: "zalo_refused", failure: "permanent" },
        ],
        [
          { status: 200, body: "<html>" },
          { code: "zalo_error", failure: "unknown" },
        ],
        [{ status: 500 }, { code: "zalo_error", failure: "unknown" }],
        [{ status: 403 }, { code: "zalo_error", failure: "unknown" }],
        [{ status: 408 }, { code: "zalo_error", failure: "unknown" }],
        [{ status: 401 }, { code: "zalo_token_refused", failure: "permanent" }],
        [{ status: 404 }, { code: "zalo_not_there", failure: "permanent" }],
        [{ status: 400 }, { code: "zalo_refused", failure: "permanent" }],
        [{ drop: true }, { code: "zalo_unreachable", failure: "unknown" }],
      ] as const;
      for (const [fault, expected] of cases) {
        bench.zalo.faults.push({ method: "sendMessage", ...fault });
        await assert.rejects(bench.channel.send(one(bench, "x"), target(ANN)), expected);
      }
      assert.equal(bench.zalo.sent.length, 1);
      assert.ok(!bench.logs().includes("canary"));
      const wrong = await createBench({ config: { api_root: "ftp://x" } });
      await assert.rejects(wrong.channel.send(one(wrong, "x"), target(ANN)), { code: "zalo_request_refused", failure: "permanent" });
      await wrong.close();
    }));

  test("pictures go as pictures behind our own door, other files as links, and the door hands out what was signed, for a week", () =>
    withBench(async (bench) => {
      const { channel, zalo, blobs } = bench;
      const send = async (bytes: Buffer, type: string) => {
        const media = { kind: "document" as const, blob: blobs.add(bytes, type, "a b.bin") };
        await channel.send(channel.render({ parts: [{ type: "media", media }] })[0]!, target(ANN));
        return zalo.sent.at(-1)!;
      };
      const get = (url: string) => channel.webhook!(new Request(url));
      const photo = await send(Buffer.from("PNG"), "image/png");
      assert.equal(photo.method, "sendPhoto");
      const got = await get(photo.args.photo!);
      assert.deepEqual([got.status, await got.text(), got.headers.get("content-type")], [200, "PNG", "image/png"]);
      assert.equal((await send(Buffer.alloc(5_000_001), "image/jpeg")).method, "sendMessage");
      const page = await send(Buffer.from("<script>"), "text/html");
      assert.match(page.args.text!, /^a b\.bin\nhttp/);
      const link = new URL(page.args.text!.split("\n")[1]!);
      const html = await get(link.href);
      assert.deepEqual([html.status, html.headers.get("content-type")], [200, "application/octet-stream"]);
      for (const [name, value] of [
        ["file", "other"],
        ["until", "1"],
        ["until", "9".repeat(15)],
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

  test("without public_url a file is told in words, and one that was rendered before is refused", async () => {
    const bench = await createBench({ config: { public_url: undefined } });
    try {
      const blob = bench.blobs.add(Buffer.from("x"), "image/png");
      assert.deepEqual(bench.channel.render({ parts: [{ type: "media", media: { kind: "photo", blob } }] })[0]!.payload, { kind: "text", text: "[photo]" });
      await assert.rejects(bench.channel.send({ text: "", payload: { kind: "media", media: { kind: "photo", blob } } }, target(ANN)), {
        code: "zalo_no_public_url",
      });
    } finally {
      await bench.close();
    }
  });

  test("typing is shown", () =>
    withBench(async ({ channel, zalo }) => {
      await channel.typing!(target(ANN).address);
      assert.deepEqual(zalo.typing, [ANN]);
    }));
});
