import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderMessage } from "../../../src/channels/matrix/render.ts";
import { ChannelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { ANN, BOT, PASSWORD } from "../../fakes/matrix/index.ts";
import { createBench, target, withBench } from "./harness.ts";

const html = (markdown: string) => (renderMessage(textMessage(markdown))[0]!.payload as { html?: string }).html;

const refused =
  (code: string, failure: string, more: (error: ChannelError) => void = () => {}) =>
  (error: unknown) => {
    assert.ok(error instanceof ChannelError);
    assert.deepEqual([error.code, error.failure], [code, failure]);
    more(error);
    return true;
  };

describe("matrix outbound", () => {
  test("markdown becomes the HTML that clients show, and nothing in it becomes a tag or a mention", () => {
    assert.equal(html("plain"), undefined);
    assert.equal(html("**b** _i_ ~~s~~ `c<d`"), "<strong>b</strong> <em>i</em> <del>s</del> <code>c&#60;d</code>");
    assert.equal(html("```ts\nif (a < b) {}\n```"), '<pre><code class="language-ts">if (a &#60; b) {}</code></pre>');
    assert.equal(html('[x](https://e.test/?a="1"&b)'), '<a href="https://e.test/?a=&#34;1&#34;&#38;b">x</a>');
    assert.equal(html(`[you](https://matrix.to/#/${ANN})`), `you (https://matrix.to/#/${ANN})`);
    assert.equal(html("[x](javascript:alert) **y**")?.includes("<a"), false);
    assert.equal(html("**x** <script>alert(1)</script> <img src=x>"), "<strong>x</strong> &#60;script&#62;alert(1)&#60;/script&#62; &#60;img src=x&#62;");
    assert.equal(html("> said\n\nand"), "<blockquote>said</blockquote>and");
  });

  test("nobody is called by what stands in a text", () =>
    withBench(async ({ matrix, channel }) => {
      const sent = await channel.send(channel.render(textMessage(`@room ${ANN} **look**`))[0]!, target(matrix.town));
      assert.deepEqual(matrix.world.find(sent.messageId)!.content["m.mentions"], {});
    }));

  test("fault-22 a send that may have arrived is repeated with its transaction id and is there once", () =>
    withBench(async ({ matrix, channel }) => {
      const [part] = channel.render(textMessage("once"));
      matrix.faults.push({ call: "PUT /client/v3/rooms/", drop: true });
      const to = target(matrix.direct, { nonce: "the-nonce" });
      await assert.rejects(channel.send(part!, to), refused("matrix_unreachable", "retry"));
      const receipt = await channel.send(part!, { ...to, triedSince: Date.now() });
      assert.deepEqual(matrix.texts(matrix.direct), ["once"]);
      // Long after the server has forgotten the transaction, the event itself still tells.
      const later = await channel.send(part!, { ...to, nonce: "the-nonce", triedSince: Date.now() - 3_600_000 });
      assert.equal(later.messageId, receipt.messageId);
      assert.deepEqual(matrix.texts(matrix.direct), ["once"]);
    }));

  test("fault-23 fault-24 a rate limit is an outage of as long as the server says, a refusal is one for good", () =>
    withBench(async ({ matrix, channel }) => {
      const [part] = channel.render(textMessage("x"));
      const call = "PUT /client/v3/rooms/";
      const limited = { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests" };
      matrix.faults.push({ call, status: 429, body: { ...limited, retry_after_ms: 2_500 } });
      await assert.rejects(
        channel.send(part!, target(matrix.direct)),
        refused("matrix_rate_limited", "retry", (error) => assert.equal(error.retryAfterMs, 2_500)),
      );
      matrix.faults.push({ call, status: 429, body: limited, headers: { "retry-after": "7" } });
      await assert.rejects(
        channel.send(part!, target(matrix.direct)),
        refused("matrix_rate_limited", "retry", (error) => assert.equal(error.retryAfterMs, 7_000)),
      );
      const refusals = [
        [403, "M_FORBIDDEN", "matrix_not_there", "permanent"],
        [413, "M_TOO_LARGE", "matrix_too_big", "permanent"],
        [400, "M_BAD_JSON", "matrix_refused", "permanent"],
        [401, "M_UNKNOWN_TOKEN", "matrix_token_refused", "permanent"],
        [502, "", "matrix_error", "retry"],
      ] as const;
      for (const [status, errcode, code, failure] of refusals) {
        matrix.faults.push({ call, status, body: { errcode, error: "no" } });
        await assert.rejects(channel.send(part!, target(matrix.direct)), refused(code, failure));
      }
    }));

  test("an answer and a thread say what they belong to", () =>
    withBench(async ({ matrix, channel }) => {
      const [part] = channel.render(textMessage("x"));
      const relation = async (to: ReturnType<typeof target>) => matrix.world.find((await channel.send(part!, to)).messageId)!.content["m.relates_to"];
      assert.equal(await relation(target(matrix.direct)), undefined);
      assert.deepEqual(await relation(target(matrix.direct, { replyTo: "$a" })), { "m.in_reply_to": { event_id: "$a" } });
      const thread = { rel_type: "m.thread", event_id: "$root" };
      assert.deepEqual(await relation(target(matrix.direct, { thread: "$root" })), {
        ...thread,
        is_falling_back: true,
        "m.in_reply_to": { event_id: "$root" },
      });
      assert.deepEqual(await relation(target(matrix.direct, { thread: "$root", replyTo: "$a" })), {
        ...thread,
        is_falling_back: false,
        "m.in_reply_to": { event_id: "$a" },
      });
    }));

  test("files are uploaded with their type and name, and one that is gone is said to be", () =>
    withBench(async ({ matrix, channel, blobs }) => {
      const blob = blobs.add(new Uint8Array([1, 2, 3]), "image/png", "cat.png");
      const [part] = channel.render({ parts: [{ type: "media", media: { kind: "photo", blob } }] });
      const { content } = matrix.world.find((await channel.send(part!, target(matrix.direct))).messageId)!;
      assert.equal(content["msgtype"], "m.image");
      assert.deepEqual(content["info"], { mimetype: "image/png", size: 3 });
      assert.deepEqual([...matrix.world.media.get(String(content["url"]).split("/").at(-1)!)!.bytes], [1, 2, 3]);
      const [lost] = channel.render({ parts: [{ type: "media", media: { kind: "photo", blob: "none" } }] });
      await assert.rejects(channel.send(lost!, target(matrix.direct)), refused("blob_missing", "permanent"));
      await assert.rejects(channel.edit!({ messageId: "$a" }, part!, target(matrix.direct)), refused("matrix_not_editable", "permanent"));
      await assert.rejects(channel.fetchMedia!({ kind: "photo" }, AbortSignal.timeout(1_000)), refused("matrix_no_file", "permanent"));
      await assert.rejects(
        channel.fetchMedia!({ kind: "photo", ref: "mxc://../../etc" }, AbortSignal.timeout(1_000)),
        refused("matrix_not_there", "permanent"),
      );
    }));

  test("actions do what they say on the server, and say what it answered", () =>
    withBench(async ({ matrix, channel }) => {
      const { actions } = channel;
      const said = matrix.say("hello");
      const on = { address: target(matrix.direct).address, messageId: said.event_id, signal: AbortSignal.timeout(10_000) };
      const state = () => matrix.world.state(matrix.direct).find(({ type }) => type === "m.room.pinned_events")?.content["pinned"];
      await actions!.pin!(on, true);
      await actions!.pin!(on, true);
      assert.deepEqual(state(), [said.event_id]);
      await actions!.pin!(on, false);
      assert.deepEqual(state(), []);
      const reactions = () =>
        matrix.world.rooms.get(matrix.direct)!.filter(({ type, content }) => type === "m.reaction" && content["m.relates_to"] !== undefined).length;
      await actions!.react!(on, "🎉", true);
      assert.equal(reactions(), 1);
      await actions!.react!(on, "🎉", false);
      assert.equal(reactions(), 0);
      await actions!.react!(on, "🎉", false);
      await assert.rejects(actions!.react!({ ...on, messageId: "$gone" }, "🎉", false), refused("matrix_not_there", "permanent"));
      await assert.rejects(actions!.react!(on, "party", true), refused("matrix_no_emoji", "permanent"));
      await assert.rejects(actions!.edit!(on, "words in another's mouth"), refused("matrix_not_editable", "permanent"));
      const { thread } = await actions!.thread!(on, "About this");
      assert.equal(thread, said.event_id);
      const mine = await channel.send(channel.render(textMessage("first"))[0]!, target(matrix.direct));
      await actions!.edit!({ ...on, messageId: mine.messageId }, "**second**");
      assert.deepEqual(matrix.texts(matrix.direct), ["About this", "second"]);
      await assert.rejects(actions!.edit!({ ...on, messageId: mine.messageId }, "x ".repeat(9_000)), refused("matrix_too_big", "permanent"));
      await actions!.delete!({ ...on, messageId: mine.messageId });
      assert.deepEqual(matrix.texts(matrix.direct), ["About this"]);
      matrix.faults.push({ call: "PUT /client/v3/rooms/", status: 403, body: { errcode: "M_FORBIDDEN", error: "no power" } });
      await assert.rejects(
        actions!.delete!(on),
        refused("matrix_not_there", "permanent", (error) => assert.match(error.message, /no power/)),
      );
    }));

  test("a login keeps its device, is renewed when it was logged out softly, and a wrong password is told", async () => {
    const kept: Uint8Array[] = [];
    const config = { access_token: undefined, user: BOT, password: new Secret("password", PASSWORD) };
    await withBench(
      async (bench) => {
        const { matrix } = bench;
        const logins = () => matrix.calls.filter(({ call }) => call.endsWith("/login"));
        assert.equal(logins().length, 1);
        await bench.stop();
        bench.start();
        await matrix.until(() => bench.channel.status().state === "ready");
        assert.equal(logins().length, 1);
        const device = [...matrix.world.devices.values()].find(({ user, id }) => user === BOT && id !== "BOTDEVICE")!;
        matrix.faults.push({ call: "GET /client/v3/account/whoami", status: 401, body: { errcode: "M_UNKNOWN_TOKEN", error: "soft", soft_logout: true } });
        await bench.stop();
        bench.start();
        await matrix.until(() => logins().length === 2 && bench.channel.status().state === "ready");
        assert.equal((logins()[1]!.body as { device_id?: string }).device_id, device.id);
        await bench.stop();
        // Logged out for good while it listens.
        matrix.world.passwords.set(BOT, "another");
        matrix.world.devices.delete(`${BOT} ${device.id}`);
        bench.start();
        await matrix.until(() => bench.channel.status().code === "matrix_token_refused");
        assert.equal(bench.channel.status().state, "failed");
        assert.ok(!bench.logs().includes(PASSWORD) && !bench.logs().includes("canary-token"));
      },
      { kept, config },
    );
  });

  test("a refused access token is a failed account until it is a good one again", async () => {
    const bench = await createBench();
    const { token } = bench.matrix.bot;
    bench.matrix.bot.token = "other";
    try {
      bench.start();
      await bench.matrix.until(() => bench.channel.status().code === "matrix_token_refused");
      bench.matrix.bot.token = token;
      await bench.matrix.until(() => bench.channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });
});
