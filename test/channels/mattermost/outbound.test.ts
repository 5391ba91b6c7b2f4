import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mattermostConfig } from "../../../src/channels/mattermost/config.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { ANN, DIRECT, TOWN } from "../../fakes/mattermost/index.ts";
import { withBench, target } from "./harness.ts";

describe("mattermost outbound", () => {
  test("markup is Mattermost's own, and nothing in a text calls anybody", () =>
    withBench(async ({ channel, mattermost }) => {
      const text = "**b** *i* ~~s~~ `c` [x](https://a.example) @all # no heading\n\n1. one\n\n```ts\na```b\n```\n\n| h |\n|-|\n| 1 |";
      const parts = channel.render(textMessage(text));
      assert.equal(parts.length, 1);
      await channel.send(parts[0]!, target(TOWN));
      const [post] = mattermost.texts(TOWN);
      assert.match(post!, /^\*\*b\*\* _i_ ~~s~~ `c` \[x\]\(<https:\/\/a\.example>\) @\u200ball/);
      assert.match(post!, /````ts\na```b\n````/);
      assert.ok(!/@all/.test(post!));
    }));

  test("a post of nothing but marks stays within what a post may hold", () =>
    withBench(async ({ channel }) => {
      for (const part of channel.render(textMessage("\\*".repeat(20_000)))) {
        assert.ok((part.payload as { message: string }).message.length <= 16_383);
        await channel.send(part, target(TOWN));
      }
    }));

  test("fault-24 a send whose answer was lost is found again by its nonce, at once and later", () =>
    withBench(async ({ channel, mattermost }) => {
      const [part] = channel.render(textMessage("once"));
      const place = target(DIRECT);
      const before = Date.now();
      for (const again of [{}, { triedSince: before }]) {
        mattermost.faults.push({ call: "POST /posts", drop: true });
        await assert.rejects(channel.send(part!, place), { code: "mattermost_unreachable", failure: "retry" });
        await channel.send(part!, { ...place, ...again });
        mattermost.faults.length = 0;
      }
      assert.deepEqual(mattermost.texts(DIRECT), ["once"]);
    }));

  test("fault-23 rate limits, stumbles, refusals and a body that is none are told apart", () =>
    withBench(async ({ channel, mattermost }) => {
      const [part] = channel.render(textMessage("x"));
      const cases = [
        [
          { status: 429, headers: { "x-ratelimit-reset": "3" } },
          { code: "mattermost_rate_limited", failure: "retry", retryAfterMs: 3_000 },
        ],
        [{ status: 503 }, { code: "mattermost_error", failure: "retry" }],
        [{ status: 401 }, { code: "mattermost_token_refused", failure: "permanent" }],
        [{ status: 404 }, { code: "mattermost_not_there", failure: "permanent" }],
        [{ status: 413 }, { code: "mattermost_file_too_big", failure: "permanent" }],
        [{ status: 400 }, { code: "mattermost_refused", failure: "permanent" }],
      ] as const;
      for (const [fault, expected] of cases) {
        mattermost.faults.push({ call: "POST /posts", ...fault });
        await assert.rejects(channel.send(part!, target(DIRECT)), expected);
      }
      await assert.rejects(channel.edit!({ messageId: "x" }, { text: "", payload: { kind: "media", media: { kind: "photo" } } }, target(DIRECT)), {
        code: "mattermost_not_editable",
      });
      assert.ok(!["mattermost_request_refused"].includes(channel.status().code ?? ""));
    }));

  test("a file goes up and is posted in its thread; one that is gone is told", () =>
    withBench(async ({ channel, mattermost, blobs }) => {
      const root = mattermost.say({ channel_id: TOWN, message: "x" });
      const blob = blobs.add(Buffer.from("bytes"), "text/plain", "a.txt");
      const [part] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob, name: 'a"b.txt' } }] });
      const { messageId } = await channel.send(part!, target(TOWN, { thread: root.id }));
      const post = mattermost.posts.get(messageId)!;
      assert.equal(post.root_id, root.id);
      assert.equal(String(mattermost.files.get(post.file_ids[0]!)!.bytes), "bytes");
      const [gone] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob: "nope" } }] });
      await assert.rejects(channel.send(gone!, target(TOWN)), { code: "blob_missing" });
    }));

  test("typing is shown in its thread", () =>
    withBench(async ({ channel, mattermost }) => {
      await channel.typing!({ channel: "mattermost", account: "default", conversation: TOWN, thread: "root" });
      assert.deepEqual(mattermost.typing, [{ channel_id: TOWN, parent_id: "root" }]);
    }));
});

const ASK = {
  parts: [{ type: "text" as const, text: "May I?" }],
  buttons: [
    { label: "Yes", data: "yes:1" },
    { label: "No", data: "no:1" },
  ],
};

describe("mattermost buttons", () => {
  test("without callback_url there are none", () =>
    withBench(async ({ channel, mattermost }) => {
      assert.equal(channel.capabilities.buttons, false);
      const { messageId } = await channel.send(channel.render(ASK)[0]!, target(DIRECT));
      assert.equal(mattermost.posts.get(messageId)!.props["attachments"], undefined);
      assert.equal((await channel.webhook!(new Request("http://x/", { method: "POST", body: "{}" }))).status, 404);
    }));

  test("a press comes back as an update, is answered to whoever pressed, and takes the buttons of a direct conversation away", () =>
    withBench(
      async ({ channel, mattermost, intake }) => {
        intake.outcome = () => ({ kind: "command", name: "approve", reply: "Done." });
        const { messageId } = await channel.send(channel.render(ASK)[0]!, target(DIRECT));
        const post = mattermost.posts.get(messageId)!;
        const response = await mattermost.press(post, 1);
        assert.deepEqual([response.status, await response.json()], [200, { ephemeral_text: "Done." }]);
        const [update] = intake.updates;
        assert.deepEqual(update?.type === "press" && [update.data, update.sender.id, update.direct, update.messageId], ["no:1", ANN, true, messageId]);
        await mattermost.until(() => (post.props["attachments"] as []).length === 0);
        assert.equal(post.message, "May I?");
      },
      { buttons: true },
    ));

  test("sec-104 a press without our proof, for another conversation or with other data is refused and changes nothing", () =>
    withBench(
      async ({ channel, mattermost, intake }) => {
        const { messageId } = await channel.send(channel.render(ASK)[0]!, target(TOWN));
        const post = mattermost.posts.get(messageId)!;
        const { context } = (post.props["attachments"] as { actions: { integration: { context: Record<string, unknown> } }[] }[])[0]!.actions[0]!.integration;
        const status = async (change: object) => (await mattermost.press(post, 0, change)).status;
        assert.equal(await status({ context: { ...context, data: "yes:2" } }), 401);
        assert.equal(await status({ context: { ...context, direct: true } }), 401);
        assert.equal(await status({ context: { ...context, proof: "0".repeat(64) } }), 401);
        assert.equal(await status({ channel_id: DIRECT }), 401);
        assert.equal(await status({ context: { data: "yes:1" } }), 400);
        assert.equal(await status({ user_id: "ann" }), 400);
        assert.equal((await channel.webhook!(new Request("http://x/"))).status, 405);
        assert.equal((await channel.webhook!(new Request("http://x/", { method: "POST", body: "x".repeat(200_000) }))).status, 413);
        assert.equal(intake.updates.length, 0);
        intake.rejectNext(new Error("disk"));
        assert.equal(await status({}), 503);
        assert.equal(await status({}), 200);
        assert.equal(intake.updates.length, 1);
      },
      { buttons: true },
    ));
});

describe("mattermost config", () => {
  const token = new Secret("t", "t");
  const problems = (input: unknown) => v.safeParse(mattermostConfig, input).issues?.map((issue) => issue.message) ?? [];
  const url = "https://m.example";

  test("sec-30 names are refused where ids belong; half an account or half a callback is refused", () => {
    assert.deepEqual(problems({ url, token, owner_ids: [ANN] }), []);
    assert.match(problems({ url, token, owner_ids: ["@ann"] })[0]!, /user id/);
    assert.match(problems({ url, token, groups: { allowed: ["town-square"] } })[0]!, /channel id/);
    assert.match(problems({ url })[0]!, /both needed/);
    assert.match(problems({ url, token, callback_url: "https://c.example/x" })[0]!, /belong together/);
    assert.match(problems({ url, token, callback_url: "https://c.example/x", callback_secret: new Secret("s", "short") })[0]!, /16 characters/);
    assert.match(problems({ accounts: { work: { url } } })[0]!, /every account/);
  });

  test("an emoji without a name that is known is refused before anything is asked", () =>
    withBench(async ({ channel, mattermost }) => {
      const at = { address: target(DIRECT).address, messageId: "x", signal: AbortSignal.timeout(10_000) };
      const before = mattermost.calls.length;
      await assert.rejects(channel.actions!.react!(at, "🫠🫠", true), { code: "mattermost_unknown_emoji" });
      assert.equal(mattermost.calls.length, before);
    }));
});
