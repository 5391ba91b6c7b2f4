import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { MatrixFailure } from "./api.ts";

/**
 * Any failure of a call as a ChannelError. A send in doubt may be repeated: the server knows our transaction id (reliability.md P2, fault-22 to fault-24).
 * @param inDoubt `unknown` for what is made with a transaction id that is gone with the failure.
 */
export function toChannelError(error: unknown, inDoubt: "retry" | "unknown" = "retry"): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("matrix_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("matrix_request_refused", error.message, "permanent", { hint: "Check channels.matrix.homeserver", cause: error });
    return new ChannelError("matrix_unreachable", `the homeserver did not answer: ${error.message}`, error.sent ? inDoubt : "retry", { cause: error });
  }
  if (error instanceof MatrixFailure) return fromAnswer(error, inDoubt);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

function fromAnswer(error: MatrixFailure, inDoubt: "retry" | "unknown"): ChannelError {
  const answer = `the homeserver answered ${error.message}`;
  if (error.status === 429 || error.errcode === "M_LIMIT_EXCEEDED")
    return new ChannelError("matrix_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
  if (error.status >= 500) return new ChannelError("matrix_error", answer, inDoubt, { cause: error });
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.status === 401) return permanent("matrix_token_refused", "Make a new access token for a new device, or give user and password");
  if (error.status === 413 || error.errcode === "M_TOO_LARGE") return permanent("matrix_too_big", "The server's limit is smaller than this");
  if (error.status === 403 || error.status === 404)
    return permanent("matrix_not_there", "Check the address; the account has to be in the room and allowed to do this there");
  return permanent("matrix_refused", "The homeserver will not take this; its answer says why");
}
