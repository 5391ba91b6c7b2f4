import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { GoogleFailure } from "./api.ts";

/** Quotas count by the minute (developers.google.com/workspace/chat/limits), and Google need not say when one is free again. */
const QUOTA_MS = 5_000;

/** Any failure of a call as a ChannelError. A send in doubt may be repeated: it bears the same request id and the same name (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("googlechat_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("googlechat_request_refused", error.message, "permanent", { hint: "Check the URLs of channels.googlechat", cause: error });
    return new ChannelError("googlechat_unreachable", `Google does not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof GoogleFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

function fromAnswer(error: GoogleFailure): ChannelError {
  const answer = `Google answered ${error.message}`;
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.status === 429) return new ChannelError("googlechat_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? QUOTA_MS });
  if (error.status >= 500 || error.status === 408)
    return new ChannelError("googlechat_error", answer, "retry", {
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  if (error.by === "login" || error.status === 401)
    return permanent("googlechat_login_refused", "Make a new key for the service account and put the file into channels.googlechat.service_account");
  if (error.status === 403 || error.status === 404)
    return permanent("googlechat_not_there", "Check the address; the app has to be in the space, and the Chat API switched on in its project");
  return permanent("googlechat_refused", "Google Chat will not take this; its answer says why");
}
