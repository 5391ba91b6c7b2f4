import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { LineFailure } from "./api.ts";

/** Any failure of a call as a ChannelError. What is in doubt may be repeated: the retry key makes it one (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("line_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("line_request_refused", error.message, "permanent", {
        hint: "Check channels.line.api_root and channels.line.data_root",
        cause: error,
      });
    return new ChannelError("line_unreachable", `LINE did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof LineFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

/** The month's messages are sent (Messaging API reference, "Error messages": "You have reached your monthly limit."). */
export function isQuota(error: unknown): boolean {
  return error instanceof LineFailure && error.status === 429 && /monthly limit/i.test(error.said);
}

/** The token was used, or its minute is over ("Invalid reply token"). */
export function isReplyRefused(error: unknown): boolean {
  return error instanceof LineFailure && error.status === 400 && /reply ?token/i.test(error.said);
}

/** Surely nothing was sent by this request. */
export function isSurelyNotSent(error: unknown): boolean {
  if (error instanceof HttpFailure) return !error.sent;
  return error instanceof LineFailure && error.status < 500;
}

function fromAnswer(error: LineFailure): ChannelError {
  const answer = `LINE answered ${error.message}`;
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (isQuota(error))
    return permanent(
      "line_quota_used_up",
      "The month's messages are sent: change the plan in the LINE Official Account Manager; what is answered within a minute is free",
    );
  if (error.status === 429) return new ChannelError("line_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 2_000 });
  if (error.status >= 500)
    return new ChannelError("line_error", answer, "retry", { cause: error, ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }) });
  if (error.status === 401) return permanent("line_token_refused", "Issue a new channel access token and put it into channels.line.access_token");
  if (error.status === 404 || error.status === 410) return permanent("line_not_there", "Check the address; files are kept by LINE for a while only");
  if (error.status === 413) return permanent("line_file_too_big", "Send less");
  return permanent("line_refused", "LINE will not take this; its answer says why");
}
