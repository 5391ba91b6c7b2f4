import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { MattermostFailure } from "./api.ts";

/** Any failure of a call as a ChannelError. A send in doubt may be repeated: the server knows our nonce, and so do the posts themselves (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("mattermost_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("mattermost_request_refused", error.message, "permanent", { hint: "Check channels.mattermost.url", cause: error });
    return new ChannelError("mattermost_unreachable", `Mattermost did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof MattermostFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

function fromAnswer(error: MattermostFailure): ChannelError {
  const answer = `Mattermost answered ${error.message}`;
  if (error.status === 429) return new ChannelError("mattermost_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
  if (error.status >= 500) return new ChannelError("mattermost_error", answer, "retry", { cause: error });
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.status === 401) return permanent("mattermost_token_refused", "Make a new token for the bot and put it into channels.mattermost.token");
  if (error.status === 403 || error.status === 404)
    return permanent("mattermost_not_there", "Check the address; the bot has to be a member of the channel and of its team");
  if (error.status === 413) return permanent("mattermost_file_too_big", "The server's limit of a file's size is smaller than this file");
  return permanent("mattermost_refused", "Mattermost will not take this; its answer says why");
}
