import { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";

/** An answer that is no 2xx. */
export class WebhookFailure extends Error {
  override readonly name = "WebhookFailure";
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfterMs: number | undefined) {
    super(`the program answered ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Any failure of a post as a ChannelError. One in doubt may be repeated: it bears the same id, which the program has to know (docs/channels/webhook.md). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("webhook_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    const refused = error.kind === "refused" && !error.sent;
    return new ChannelError("webhook_unreachable", `the program does not answer: ${error.message}`, refused ? "permanent" : "retry", {
      cause: error,
      hint: "Check channels.webhook.url",
    });
  }
  if (!(error instanceof WebhookFailure))
    return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
  if (error.status === 429 || error.status === 408 || error.status >= 500)
    return new ChannelError("webhook_try_later", error.message, "retry", {
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  return new ChannelError("webhook_refused", error.message, "permanent", {
    cause: error,
    hint: "The program at channels.webhook.url refuses this event; its own log says why",
  });
}
