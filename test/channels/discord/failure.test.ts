import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DiscordFailure } from "../../../src/channels/discord/api.ts";
import { toChannelError } from "../../../src/channels/discord/failure.ts";
import { type ChannelError, ClankerError } from "../../../src/core/errors.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { DIRECT } from "../../fakes/discord/index.ts";
import { withBench } from "./harness.ts";

const answer = (status: number, code = 0) => new DiscordFailure("POST", { status, code, description: "said Discord" });

describe("what a failed call means for the part that was sent", () => {
  // https://discord.com/developers/docs/topics/opcodes-and-status-codes
  const cases: readonly [unknown, string, ChannelError["failure"]][] = [
    [answer(429), "discord_rate_limited", "retry"],
    [answer(503), "discord_error", "retry"],
    [answer(401), "discord_token_refused", "permanent"],
    [answer(403, 50007), "discord_blocked", "permanent"],
    [answer(403, 50001), "discord_no_permission", "permanent"],
    [answer(403, 50013), "discord_no_permission", "permanent"],
    [answer(404, 10008), "discord_message_gone", "permanent"],
    [answer(404, 10003), "discord_channel_not_found", "permanent"],
    [answer(413, 40005), "discord_file_too_big", "permanent"],
    [answer(400, 50035), "discord_refused", "permanent"],
    [new HttpFailure("refused", "not below the base URL", false), "discord_request_refused", "permanent"],
    [new HttpFailure("timeout", "no answer", true), "discord_timeout", "retry"],
    [new HttpFailure("closed", "ECONNRESET", true), "discord_unreachable", "retry"],
    [new ClankerError("blob_gone", "not stored"), "blob_gone", "retry"],
    [new Error("a fault of ours"), "internal", "retry"],
  ];
  for (const [thrown, code, failure] of cases) {
    test(`fault-22, fault-24 ${code}: ${String((thrown as Error).message)}`, () => {
      const error = toChannelError(thrown);
      assert.deepEqual([error.code, error.failure], [code, failure]);
      assert.equal(toChannelError(error), error);
    });
  }

  test("discord_no_file, discord_not_editable: what cannot be fetched or edited is said before any request", () =>
    withBench(async ({ channel, discord }) => {
      const before = discord.calls.length;
      for (const ref of [undefined, "no url", "https://evil.example/x.png"]) {
        const media = { kind: "photo" as const, ...(ref !== undefined && { ref }) };
        await assert.rejects(channel.fetchMedia!(media, AbortSignal.timeout(5_000)), { code: "discord_no_file", failure: "permanent" });
      }
      const target = { address: { channel: "discord", account: "default", conversation: DIRECT }, nonce: "n", signal: AbortSignal.timeout(5_000) };
      const part = { text: "", payload: { kind: "media" } };
      await assert.rejects(channel.edit!({ messageId: "1" }, part, target), { code: "discord_not_editable", failure: "permanent" });
      assert.equal(discord.calls.slice(before).filter(({ path }) => path.includes("/messages")).length, 0);
    }));

  test("discord_send_doubtful: an old try that is too far back to be looked for is not repeated", () =>
    withBench(
      async ({ channel, discord }) => {
        const triedSince = Date.now() - 60_000;
        for (let i = 0; i < 520; i++) discord.say({ channel: DIRECT, text: `${i}` });
        const target = {
          address: { channel: "discord", account: "default", conversation: DIRECT },
          nonce: "n",
          triedSince,
          signal: AbortSignal.timeout(20_000),
        };
        const [part] = channel.render({ parts: [{ type: "text", text: "once" }] });
        await assert.rejects(channel.send(part!, target), { code: "discord_send_doubtful", failure: "unknown" });
        assert.ok(!discord.texts(DIRECT).includes("once"));
      },
      { timing: { nonceMs: 1_000 } },
    ));
});
