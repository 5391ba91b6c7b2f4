import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { zaloConfig } from "../../../src/channels/zalo/config.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { HttpFailure, type UntrustedHttp } from "../../../src/core/http.ts";
import type { Media } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Update } from "../../../src/core/update.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN } from "../../fakes/zalo/index.ts";
import { type Bench, createBench, ready, SECRET, TOKEN, withBench } from "./harness.ts";

const heard = async (bench: Bench, count: number): Promise<Update[]> => {
  await bench.intake.until(() => bench.intake.updates.length >= count);
  return [...bench.intake.updates];
};
const parts = (update: Update | undefined) => (update !== undefined && "message" in update ? update.message.parts : []);

describe("zalo inbound", () => {
  test("texts, pictures, stickers and sounds arrive as such, and what Zalo does not show is told as that", () =>
    withBench(async (bench) => {
      const { zalo } = bench;
      zalo.say("hi");
      zalo.dispatch(zalo.update("message.image.received", { photo: "https://photo.test/a.jpg", caption: "look" }));
      zalo.dispatch(zalo.update("message.image.received", { photo_url: "https://photo.test/b.jpg" }));
      zalo.dispatch(zalo.update("message.sticker.received", { sticker: "0e07", url: "https://stickers.test/a.png" }));
      zalo.dispatch(zalo.update("message.voice.received", { voice_url: "https://voice.test/a.aac" }));
      zalo.dispatch(zalo.update("message.image.received", { photo: "file:///etc/passwd" }));
      zalo.dispatch(zalo.update("message.unsupported.received", {}));
      const updates = await heard(bench, 7);
      const media = (one: Media) => ({ type: "media", media: one });
      assert.deepEqual(updates.map(parts), [
        [{ type: "text", text: "hi" }],
        [media({ kind: "photo", ref: "https://photo.test/a.jpg" }), { type: "text", text: "look" }],
        [media({ kind: "photo", ref: "https://photo.test/b.jpg" })],
        [media({ kind: "sticker", ref: "https://stickers.test/a.png" })],
        [media({ kind: "voice", ref: "https://voice.test/a.aac" })],
        [media({ kind: "photo", missing: "Zalo has sent no address of it" })],
        [media({ kind: "document", missing: "Zalo does not show bots what this message holds" })],
      ]);
      const [first] = updates;
      assert.ok(first?.type === "message");
      assert.deepEqual(first.sender, { id: ANN, name: "Ann" });
      assert.deepEqual([first.direct, first.addressed, first.key], [true, true, `msg:${ANN}:${first.messageId}`]);
    }));

  test("the shapes that clients have seen besides are read too: no envelope, names under name, ids as numbers, dates in seconds or none, links; a bot is known as one", () =>
    withBench(async (bench) => {
      const { zalo } = bench;
      zalo.state.wrapped = false;
      zalo.say("flat", { more: { from: { id: 77, name: "Bob", is_bot: true }, chat: { id: 77, chat_type: "PRIVATE" }, date: 1_750_316_131 } });
      zalo.say("undated", { more: { date: null } });
      zalo.dispatch(zalo.update("message.link.received", { text: "https://a.example" }));
      const [bob, undated, link] = await heard(bench, 3);
      assert.deepEqual(parts(link), [{ type: "text", text: "https://a.example" }]);
      assert.deepEqual(bob?.sender, { id: "77", name: "Bob", bot: true });
      assert.deepEqual([bob?.address.conversation, bob?.at], ["77", 1_750_316_131_000]);
      assert.ok(undated!.at > 1_700_000_000_000);
    }));

  test("what happens in a group, or cannot be read, is answered and left alone", () =>
    withBench(async (bench) => {
      const { zalo } = bench;
      zalo.say("to all", { group: true });
      zalo.dispatch({ event_name: "message.unsupported.received" });
      zalo.dispatch({ event_name: "message.text.received", message: { from: null, chat: 7 } });
      zalo.say("   ");
      zalo.say("last");
      assert.deepEqual((await heard(bench, 1)).map(parts), [[{ type: "text", text: "last" }]]);
      await zalo.until(() => zalo.taken() === 5);
    }));

  test("sec-104 sec-107 nothing is read from whoever does not show the secret, and what is no event is refused", () =>
    withBench(async (bench) => {
      const { zalo, intake } = bench;
      const body = zalo.bodyOf(zalo.update("message.text.received", { text: "x" }));
      for (const secret of ["", "x", SECRET.slice(1), `${SECRET}x`, SECRET.toUpperCase(), TOKEN]) assert.equal(await zalo.post(body, { secret }), 401);
      assert.equal(await zalo.post(body, { headers: {} }), 401);
      assert.equal(await zalo.post("x".repeat(1_000_001), { secret: "wrong" }), 401);
      for (const wrong of ["not json", "null", "7", "[]", "{}", '{"ok":true,"result":null}', '{"event_name":7}']) assert.equal(await zalo.post(wrong), 400);
      assert.equal(await zalo.post("x".repeat(1_000_001)), 413);
      assert.equal(await zalo.post(body, { method: "PUT" }), 405);
      assert.equal(intake.updates.length, 0);
      assert.equal(await zalo.post(body), 200);
      assert.equal(intake.updates.length, 1);
      await bench.stop();
      assert.equal(await zalo.post(body), 503);
    }));

  test("sec-106 a post that comes again, in whatever envelope, has one effect", () =>
    withBench(async (bench) => {
      const { zalo, intake } = bench;
      const update = zalo.update("message.text.received", { text: "x" });
      for (const wrapped of [true, false, true]) {
        zalo.state.wrapped = wrapped;
        assert.equal(await zalo.post(zalo.bodyOf(update)), 200);
      }
      assert.equal(intake.updates.length, 1);
    }));

  test("fault-58 while nothing can be stored it answers 503, and is ready again when the event is taken", () =>
    withBench(
      async (bench) => {
        const { zalo, intake, channel } = bench;
        intake.rejectNext(new StoreError("store_full", "disk full", { retryAfterMs: 10 }), 2);
        zalo.say("keep me");
        await zalo.until(() => zalo.taken() === 1);
        assert.deepEqual(zalo.answers, [503, 503, 200]);
        await ready(bench);
        intake.rejectNext(new Error("broken"));
        assert.equal(await zalo.post(zalo.bodyOf(zalo.update("message.text.received", { text: "x" }))), 503);
        assert.equal(channel.status().code, "zalo_intake_failed");
      },
      { timing: { checkMs: 60_000 } },
    ));

  test("sec-36 files are fetched by the door for addresses that nobody vouches for, and only what their own bytes say is a picture or a sound", async () => {
    const bytes: Record<string, number[]> = {
      png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0],
      jpg: [0xff, 0xd8, 0xff, 0xe0],
      gif: [...Buffer.from("GIF89a")],
      webp: [...Buffer.from("RIFF....WEBP")],
      aac: [0xff, 0xf1, 0x50],
      m4a: [...Buffer.from("....ftypM4A ")],
      html: [...Buffer.from("<script>")],
    };
    const untrusted: UntrustedHttp = {
      async getUntrusted({ url }) {
        if (url.includes("away")) throw new HttpFailure("connect", "away", false);
        if (url.includes("private")) throw new HttpFailure("refused", "not public", false);
        const status = Number(/\d{3}/.exec(url)?.[0] ?? 200);
        return { url, status, headers: { "content-type": "image/png" }, bytes: new Uint8Array(bytes[url.split(".").at(-1)!] ?? []), cut: url.includes("huge") };
      },
    };
    await withBench(
      async ({ channel }) => {
        const fetched = async (kind: Media["kind"], ref: string) => (await channel.fetchMedia!({ kind, ref }, AbortSignal.timeout(5_000))).type;
        for (const [name, type] of [
          ["png", "image/png"],
          ["jpg", "image/jpeg"],
          ["gif", "image/gif"],
          ["webp", "image/webp"],
        ] as const)
          assert.equal(await fetched("photo", `https://x.test/a.${name}`), type);
        assert.equal(await fetched("voice", "https://x.test/a.aac"), "audio/aac");
        assert.equal(await fetched("voice", "https://x.test/a.m4a"), "audio/mp4");
        const refused = (kind: Media["kind"], ref: string, code: string, failure: string) => assert.rejects(fetched(kind, ref), { code, failure });
        await refused("photo", "https://x.test/a.html", "zalo_no_file", "permanent");
        await refused("photo", "https://x.test/a.aac", "zalo_no_file", "permanent");
        await refused("voice", "https://x.test/a.png", "zalo_no_file", "permanent");
        await refused("photo", "https://x.test/404/a.png", "zalo_no_file", "permanent");
        await refused("photo", "https://private.test/a.png", "zalo_no_file", "permanent");
        await refused("photo", "https://x.test/huge.png", "zalo_file_too_big", "permanent");
        await refused("photo", "https://x.test/503/a.png", "zalo_file_unreachable", "retry");
        await refused("photo", "https://away.test/a.png", "zalo_file_unreachable", "retry");
        await assert.rejects(channel.fetchMedia!({ kind: "photo" }, AbortSignal.timeout(5_000)), { code: "zalo_no_file" });
      },
      { deps: { untrusted } },
    );
  });
});

describe("zalo status", () => {
  test("the webhook is entered with its secret at each start, and again when Zalo names another address", () =>
    withBench(async (bench) => {
      const { zalo, channel, hook } = bench;
      assert.deepEqual([zalo.webhook.url, zalo.webhook.secret, channel.status().identity], [hook, SECRET, "bot.VDKyGxQvc"]);
      const entered = () => zalo.calls.filter(({ method }) => method === "setWebhook").length;
      assert.equal(entered(), 1);
      zalo.webhook.url = "https://elsewhere.test/";
      await zalo.until(() => zalo.webhook.url === hook);
      await bench.stop();
      const before = entered();
      bench.start();
      await zalo.until(() => entered() === before + 1);
    }));

  test("without public_url the webhook has to be entered by hand, and says so until it was", async () => {
    const bench = await createBench({ config: { public_url: undefined } });
    const { zalo, channel } = bench;
    try {
      bench.start();
      await zalo.until(() => channel.status().code === "zalo_webhook_unset");
      assert.equal(channel.capabilities.media, false);
      assert.equal((await channel.webhook!(new Request(`${bench.hook}?file=x`))).status, 404);
      Object.assign(zalo.webhook, { url: bench.hook, secret: SECRET });
      await ready(bench);
      assert.equal(zalo.calls.filter(({ method }) => method === "setWebhook").length, 0);
    } finally {
      await bench.close();
    }
  });

  test("fault-50 fault-51 sec-115 an API that stumbles, limits, refuses or is away is told as that, without the token", async () => {
    const bench = await createBench();
    const { zalo, channel } = bench;
    try {
      for (const [fault, code] of [
        [{ method: "getMe", status: 500, body: "<html>" }, "zalo_error"],
        [{ method: "getWebhookInfo", status: 429 }, "zalo_rate_limited"],
        [{ method: "getMe", status: 404, body: "not found" }, "zalo_token_refused"],
        [{ method: "getMe", status: 200, body: { ok: false, error_code: 401, description: "Unauthorized" } }, "zalo_token_refused"],
        [{ method: "getMe", drop: true }, "zalo_unreachable"],
      ] as const) {
        zalo.faults.push(...Array.from({ length: 3 }, () => fault));
        if (channel.status().state === "stopped") bench.start();
        await zalo.until(() => channel.status().code === code);
        await ready(bench);
      }
      zalo.webhook.url = "";
      zalo.faults.push(...Array.from({ length: 3 }, () => ({ method: "setWebhook", status: 400 })));
      await zalo.until(() => channel.status().code === "zalo_webhook_refused");
      await ready(bench);
      assert.ok(!bench.logs().includes("canary"));
    } finally {
      await bench.close();
    }
  });

  test("what cannot be looked at for a reason of our own is told as zalo_check_failed", async () => {
    const http = { request: async () => Promise.reject(new Error("broken")) };
    const bench = await createBench({ deps: { http } });
    try {
      bench.start();
      await bench.zalo.until(() => bench.channel.status().code === "zalo_check_failed");
    } finally {
      await bench.close();
    }
  });
});

describe("zalo config", () => {
  const keys = { token: new Secret("t", TOKEN), webhook_secret: new Secret("s", SECRET) };
  const problems = (input: unknown) => v.safeParse(zaloConfig, input).issues?.map((issue) => issue.message) ?? [];

  test("sec-104 half an account, or one whose secret could be guessed, is refused", () => {
    assert.deepEqual(problems({ ...keys, owner_ids: [ANN], public_url: "https://c.test/channels/zalo/webhook" }), []);
    assert.deepEqual(problems({ accounts: { work: keys } }), []);
    assert.match(problems({ token: keys.token })[0]!, /both needed/);
    for (const secret of ["", "short", "with a blank in it", "x".repeat(257)])
      assert.match(problems({ ...keys, webhook_secret: new Secret("s", secret) })[0]!, /both needed/);
    assert.match(problems({ ...keys, public_url: "http://plain.test/" })[0]!, /https/);
    assert.match(problems({ accounts: { work: { token: keys.token } } })[0]!, /both needed/);
  });
});
