import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SlackFailure } from "../../../src/channels/slack/api.ts";
import { toChannelError } from "../../../src/channels/slack/failure.ts";
import { HttpFailure } from "../../../src/core/http.ts";

const answered = (reason: string, status = 200, retryAfterMs?: number) => new SlackFailure("chat.postMessage", reason, { status, retryAfterMs });

describe("slack failures", () => {
  test("fault-22 what may have been posted is unknown for a send and repeatable for an edit", () => {
    for (const error of [
      answered("internal_error"),
      answered("fatal_error"),
      answered("http_503", 503),
      answered("http_502"),
      new HttpFailure("timeout", "no answer", true),
      new HttpFailure("closed", "cut", true),
      new HttpFailure("aborted", "stopped", true),
    ]) {
      assert.equal(toChannelError(error, "send").failure, "unknown");
      assert.match(toChannelError(error, "send").code, /^slack_(error|timeout|unreachable)$/);
      assert.equal(toChannelError(error, "repeatable").failure, "retry");
    }
  });

  test("fault-22 what surely was not posted may be sent again", () => {
    assert.equal(toChannelError(new HttpFailure("connect", "no route", false), "send").failure, "retry");
    assert.equal(toChannelError(answered("message_limit_exceeded"), "send").failure, "retry");
  });

  test("fault-23 a 429 keeps Slack's pause, or a second without one", () => {
    assert.equal(toChannelError(answered("ratelimited", 429, 37_000), "send").retryAfterMs, 37_000);
    assert.equal(toChannelError(answered("ratelimited", 429), "send").retryAfterMs, 1_000);
  });

  test("fault-24 other answers are final and have a hint", () => {
    assert.equal(toChannelError(answered("internal_error"), "send").code, "slack_error");
    for (const reason of ["channel_not_found", "invalid_auth", "missing_scope", "something_new", "message_not_found"]) {
      const error = toChannelError(answered(reason), "send");
      assert.equal(error.failure, "permanent");
      assert.notEqual(error.hint, undefined);
      assert.match(error.message, new RegExp(reason));
    }
  });
});
