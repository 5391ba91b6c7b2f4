import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import { type Message, textMessage } from "../../../src/core/message.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { CHANNEL, DIRECT, THREAD } from "../../fakes/discord/index.ts";
import { type Bench, withBench } from "./harness.ts";

const at = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => ({
  address: { channel: "discord", account: "default", conversation },
  nonce: "n",
  signal: AbortSignal.timeout(10_000),
  ...more,
});
const POST = { method: "POST", path: /\/messages$/ };

async function send({ channel }: Bench, message: Message | string, target: SendTarget) {
  return await channel.send(channel.render(typeof message === "string" ? textMessage(message) : message)[0]!, target);
}

async function failure(work: Promise<unknown>): Promise<ChannelError> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ChannelError);
  return error;
}

const posts = ({ discord }: Bench) => discord.calls.filter((call) => call.method === "POST" && call.path.endsWith("/messages"));

describe("sending to discord", () => {
  test("fault-22 however often a part is sent, it is there once, and says what it said last", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      discord.faults.push({ ...POST, drop: true });
      assert.equal((await failure(send(bench, "preview", at(DIRECT)))).failure, "retry");
      const receipt = await send(bench, "the answer", at(DIRECT));
      assert.deepEqual(discord.texts(DIRECT), ["the answer"]);
      assert.equal(receipt.messageId, discord.messages(DIRECT)[0]!.id);
      await send(bench, "another", at(DIRECT, { nonce: "n2" }));
      assert.deepEqual(discord.texts(DIRECT), ["the answer", "another"]);
      assert.deepEqual(discord.violations, []);
    }));

  test("fault-22 a try older than discord remembers is looked for in the history before it is sent again", () =>
    withBench(
      async (bench) => {
        const { discord } = bench;
        const triedSince = Date.now() - 10_000;
        discord.faults.push({ ...POST, drop: true });
        await failure(send(bench, "**once**", at(DIRECT)));
        discord.forgetNonces();
        const found = await send(bench, "**once**", at(DIRECT, { triedSince }));
        assert.deepEqual(discord.texts(DIRECT), ["**once**"]);
        assert.equal(found.messageId, discord.messages(DIRECT)[0]!.id);
        // The same words as a part of their own are a message of their own.
        await send(bench, "**once**", at(DIRECT, { nonce: "other", triedSince }));
        assert.equal(discord.texts(DIRECT).length, 2);
      },
      { timing: { nonceMs: 1_000 } },
    ));

  test("fault-23 a pause that discord asks for is kept for that channel; others go on; a global one is for all", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      discord.faults.push({ ...POST, status: 429, body: { message: "slow down", retry_after: 37, global: false } });
      assert.equal((await failure(send(bench, "a", at(DIRECT)))).retryAfterMs, 37_000);
      const again = await failure(send(bench, "a", at(DIRECT)));
      assert.ok(again.failure === "retry" && again.retryAfterMs! > 30_000 && again.retryAfterMs! <= 37_000);
      assert.equal(posts(bench).length, 1);
      discord.faults.push({ ...POST, status: 429, body: { message: "slow down", retry_after: 20, global: true } });
      await failure(send(bench, "b", at(CHANNEL)));
      assert.ok((await failure(send(bench, "c", at(THREAD)))).retryAfterMs! > 15_000);
      assert.equal(posts(bench).length, 2);
    }));

  test("fault-24 refusals for good say so, with what to do", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      for (const [status, code, expected] of [
        [403, 50007, "discord_blocked"],
        [403, 50001, "discord_no_permission"],
        [403, 50013, "discord_no_permission"],
        [404, 10003, "discord_channel_not_found"],
        [404, 10008, "discord_message_gone"],
        [401, 0, "discord_token_refused"],
        [400, 50035, "discord_refused"],
        [413, 40005, "discord_file_too_big"],
      ] as const) {
        discord.faults.push({ ...POST, status, body: { code, message: "no" } });
        const error = await failure(send(bench, "x", at(DIRECT)));
        assert.deepEqual([error.code, error.failure, error.hint === undefined], [expected, "permanent", false]);
      }
      discord.faults.push({ ...POST, status: 503 });
      assert.equal((await failure(send(bench, "x", at(DIRECT)))).failure, "retry");
    }));

  test("a thread is written to as itself, an answer names its message, nobody is pinged, nothing is previewed", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      const question = discord.say({ text: "?", channel: THREAD });
      await send(bench, "hi @everyone <@100000000000000042> https://a.example/x_y_z", {
        ...at(CHANNEL, { replyTo: question.id }),
        address: { channel: "discord", account: "default", conversation: CHANNEL, thread: THREAD },
      });
      const [call] = posts(bench);
      assert.equal(call!.path, `/channels/${THREAD}/messages`);
      assert.deepEqual(call!.body!["message_reference"], { message_id: question.id, fail_if_not_exists: false });
      assert.equal(call!.body!["content"], "hi @\u200beveryone \\<@100000000000000042> <https://a.example/x_y_z>");
      assert.deepEqual(discord.violations, []);
    }));

  test("a question that cannot be answered in place does not keep the words from arriving", () =>
    withBench(async (bench) => {
      const { discord } = bench;
      const joined = discord.say({ text: "", channel: CHANNEL, more: { type: 7 } });
      await send(bench, "still here", at(CHANNEL, { replyTo: joined.id }));
      const noHistory = { code: 160002, message: "Cannot reply without permission to read message history" };
      discord.faults.push({ ...POST, status: 403, body: noHistory });
      await send(bench, "and here", at(CHANNEL, { replyTo: "5", nonce: "another part" }));
      assert.deepEqual(discord.texts(CHANNEL).slice(-2), ["still here", "and here"]);
      assert.equal(posts(bench).length, 4);
    }));

  test("which field Discord will not take stands in the error", () =>
    withBench(async ({ channel }) => {
      const at100 = { address: at(CHANNEL).address, signal: AbortSignal.timeout(5_000) };
      const poll = { question: "Q?", options: ["x".repeat(56), "y"], multiple: false };
      await assert.rejects(channel.actions!.poll!(at100, poll), {
        code: "discord_refused",
        message: /poll\.answers\.0\.poll_media\.text: Must be between 1 and 55/,
      });
    }));

  test("files go with their name and a short text; what is too large is refused before it is sent", () =>
    withBench(async (bench) => {
      const { discord, channel, blobs } = bench;
      const blob = blobs.add(new Uint8Array([1, 2, 3]), "image/png", "ü.png");
      const parts = channel.render({
        parts: [
          { type: "media", media: { kind: "photo", blob } },
          { type: "text", text: "look *here*" },
        ],
      });
      assert.equal(parts.length, 1);
      await channel.send(parts[0]!, at(DIRECT));
      const [message] = discord.messages(DIRECT);
      assert.equal(message!.content, "look *here*");
      assert.deepEqual(
        [...discord.files.values()].map((bytes) => [...bytes]),
        [[1, 2, 3]],
      );
      const large = blobs.add(new Uint8Array(10_485_761), "video/mp4");
      const error = await failure(send(bench, { parts: [{ type: "media", media: { kind: "video", blob: large } }] }, at(DIRECT, { nonce: "l" })));
      assert.deepEqual([error.code, error.failure], ["discord_file_too_big", "permanent"]);
      const gone = await failure(send(bench, { parts: [{ type: "media", media: { kind: "video", blob: "nothing" } }] }, at(DIRECT, { nonce: "g" })));
      assert.equal(gone.code, "blob_missing");
    }));

  test("buttons stand below the last text in rows of five, and an edit without them takes them away", () =>
    withBench(async (bench) => {
      const { channel } = bench;
      const buttons = Array.from({ length: 6 }, (_, i) => ({ label: `B${i}`, data: `ask:x:${i}` }));
      const receipt = await send(bench, { parts: [{ type: "notice", text: "May I *do* this?" }], buttons }, at(DIRECT));
      const rows = posts(bench)[0]!.body!["components"] as { components: { custom_id: string }[] }[];
      assert.deepEqual(
        rows.map((row) => row.components.length),
        [5, 1],
      );
      assert.equal(rows[1]!.components[0]!.custom_id, "ask:x:5");
      assert.equal(bench.discord.texts(DIRECT)[0], "May I \\*do\\* this?");
      await channel.edit!(receipt, channel.render(textMessage("done"))[0]!, at(DIRECT));
      assert.deepEqual(bench.discord.messages(DIRECT)[0]!["components"], []);
    }));

  test("fault-27 no content is longer than discord takes, however much markup a text has, and code stays code", () =>
    withBench(async ({ channel }) => {
      const content = (text: string) => channel.render(textMessage(text)).map((part) => (part.payload as { content: string }).content);
      for (const text of [
        "\\* ".repeat(5_000),
        "[a](https://x.example/a_b) ".repeat(900),
        `[a](https://x.example/${"y".repeat(3_000)})`,
        "**b** `c` ".repeat(2_000),
      ]) {
        for (const one of content(text)) assert.ok(one.length <= 2_000, `${one.length}`);
      }
      assert.deepEqual(content("a **b** *c* ~~d~~ `e*` [f_g](https://h.example/i(j)) <https://k.example/l_m>"), [
        "a **b** *c* ~~d~~ `e*` [f\\_g](<https://h.example/i%28j%29>) <https://k.example/l_m>",
      ]);
      assert.deepEqual(content("> one\n> two"), ["> one\n> two"]);
      const code = content(`\`\`\`ts\n${"const a = 1;\n".repeat(400)}\`\`\``);
      assert.ok(code.length > 2);
      for (const one of code) assert.match(one, /^```ts\n[^`]*\n```$/);
    }));

  test("fault-22 a poll whose answer was lost is in doubt, and one that was surely not taken is not", () =>
    withBench(async ({ channel, discord }) => {
      const poll = { question: "?", options: ["a", "b"], multiple: true };
      discord.faults.push({ ...POST, drop: true });
      const lost = await failure(channel.actions!.poll!(at(DIRECT), poll));
      assert.deepEqual([lost.code, lost.failure], ["discord_poll_doubtful", "unknown"]);
      discord.faults.push({ ...POST, status: 429, body: { message: "slow", retry_after: 0.001, global: false } });
      const limited = await failure(channel.actions!.poll!(at(CHANNEL), poll));
      assert.deepEqual([limited.code, limited.failure], ["discord_rate_limited", "retry"]);
    }));

  test("a thread begins in the channel, and its name is cut to what Discord takes", () =>
    withBench(async (bench) => {
      const { messageId } = await send(bench, "one", at(CHANNEL));
      const target = { ...at(CHANNEL), messageId };
      const { thread } = await bench.channel.actions!.thread!(target, "t".repeat(150));
      await send(bench, "two", { ...at(CHANNEL, { nonce: "m" }), address: { ...at(CHANNEL).address, thread } });
      assert.deepEqual(bench.discord.texts(thread), ["two"]);
      assert.equal((await failure(bench.channel.actions!.thread!(target, "again"))).failure, "permanent");
    }));
});
