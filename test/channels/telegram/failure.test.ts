import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toChannelError } from "../../../src/channels/telegram/failure.ts";
import { TelegramFailure } from "../../../src/channels/telegram/api.ts";
import { type ChannelError, ClankerError } from "../../../src/core/errors.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { textMessage } from "../../../src/core/message.ts";
import { createBench } from "./harness.ts";

const answer = (code: number, description: string) => new TelegramFailure("sendMessage", code, description);

describe("what a failed call means for the part that was sent", () => {
  const cases: readonly [unknown, string, ChannelError["failure"], ChannelError["failure"]][] = [
    [answer(400, "Bad Request: message text is empty"), "telegram_refused", "permanent", "permanent"],
    [answer(400, "Bad Request: chat not found"), "telegram_chat_not_found", "permanent", "permanent"],
    [answer(400, "Bad Request: file is too big"), "telegram_file_too_big", "permanent", "permanent"],
    [answer(401, "Unauthorized"), "telegram_token_refused", "permanent", "permanent"],
    [answer(403, "Forbidden: bot was blocked by the user"), "telegram_blocked", "permanent", "permanent"],
    [answer(429, "Too Many Requests"), "telegram_rate_limited", "retry", "retry"],
    [answer(502, "Bad Gateway"), "telegram_error", "unknown", "retry"],
    [new HttpFailure("refused", "not below the base URL", false), "telegram_request_refused", "permanent", "permanent"],
    [new HttpFailure("connect", "ECONNREFUSED", false), "telegram_unreachable", "retry", "retry"],
    [new HttpFailure("closed", "ECONNRESET", true), "telegram_unreachable", "unknown", "retry"],
    [new HttpFailure("timeout", "no answer", true), "telegram_timeout", "unknown", "retry"],
    [new HttpFailure("too_large", "more than 20 MB", true), "telegram_file_too_big", "unknown", "permanent"],
    [new ClankerError("blob_gone", "not stored"), "blob_gone", "retry", "retry"],
    [new Error("a fault of ours"), "internal", "unknown", "retry"],
  ];
  for (const [thrown, code, send, repeatable] of cases) {
    test(`fault-22, fault-24 ${code}: ${String((thrown as Error).message)}`, () => {
      const sent = toChannelError(thrown, "send");
      assert.equal(sent.failure, send);
      const repeated = toChannelError(thrown, "repeatable");
      assert.deepEqual([repeated.code, repeated.failure], [code, repeatable]);
      assert.equal(toChannelError(repeated, "send"), repeated);
    });
  }

  test("telegram_no_file, telegram_not_editable: what cannot be fetched or edited is said before any request", async () => {
    const bench = await createBench();
    try {
      await assert.rejects(bench.channel.fetchMedia!({ kind: "photo" }, AbortSignal.timeout(5_000)), { code: "telegram_no_file", failure: "permanent" });
      const [part] = bench.channel.render({ parts: [{ type: "location", latitude: 1, longitude: 2 }] });
      const target = { address: { channel: "telegram", account: "default", conversation: "7" }, nonce: "n", signal: AbortSignal.timeout(5_000) };
      await assert.rejects(bench.channel.edit!({ messageId: "1" }, part!, target), { code: "telegram_not_editable", failure: "permanent" });
      assert.equal(bench.channel.render(textMessage("hi")).length, 1);
    } finally {
      await bench.close();
    }
  });
});
