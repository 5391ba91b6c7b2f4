import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { ZaloFailure } from "./api.ts";

const QUOTA_PAUSE_MS = 30_000;

/** Any failure of a send as a ChannelError. Zalo knows no nonce: what may have been said is not said again (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("zalo_request_refused", error.message, "permanent", { hint: "Check channels.zalo.api_root", cause: error });
    return new ChannelError("zalo_unreachable", `Zalo did not answer: ${error.message}`, error.sent ? "unknown" : "retry", { cause: error });
  }
  if (error instanceof ZaloFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "unknown", { cause: error });
}

/** By the table of bot.zaloplatforms.com/docs/error-code, where 403 is an error of the server and 429 a quota. */
function fromAnswer(error: ZaloFailure): ChannelError {
  const answer = `Zalo answered ${error.message}`;
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.code === 429) return new ChannelError("zalo_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? QUOTA_PAUSE_MS });
  if (isStumble(error)) return new ChannelError("zalo_error", answer, "unknown", { cause: error });
  if (error.code === 401) return permanent("zalo_token_refused", "Copy the bot's token from Zalo Bot Creator anew and put it into channels.zalo.token");
  if (error.code === 404) return permanent("zalo_not_there", "Check the address; a person has to write to the bot first");
  return permanent("zalo_refused", "Zalo will not take this; its answer says why");
}

/** The server stumbled, and may have done it before. */
function isStumble({ code }: ZaloFailure): boolean {
  return code >= 500 || code === 403 || code === 408;
}
