import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { NotAllowed, TeamsFailure } from "./api.ts";

/** What was tried: a send may not be repeated when in doubt, an edit or a read may. */
export type Attempt = "send" | "repeatable";

const MAX_FILE = "Files of up to 20 MB can be fetched";

/**
 * Any failure of a call as a ChannelError whose `failure` is true for this attempt (reliability.md P2, fault-22 to fault-24). Microsoft says of 412, 429, 502, 503 and 504
 * that they may be tried again (status codes from bot conversational APIs); of 502 and 504 a message may have been posted all the same, and the connector knows no
 * repeated one, so a send is in doubt there.
 */
export function toChannelError(error: unknown, attempt: Attempt): ChannelError {
  if (error instanceof ChannelError) return error;
  const doubt = attempt === "send" ? "unknown" : "retry";
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large") return new ChannelError("teams_file_too_big", error.message, "permanent", { hint: MAX_FILE, cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("teams_request_refused", error.message, "permanent", { hint: "Check the URLs of channels.teams", cause: error });
    return new ChannelError("teams_unreachable", `Teams did not answer: ${error.message}`, error.sent ? doubt : "retry", { cause: error });
  }
  if (error instanceof NotAllowed)
    return new ChannelError("teams_url_not_allowed", error.message, "permanent", { hint: "Add its origin to the config if it is Microsoft's", cause: error });
  if (error instanceof TeamsFailure) return fromAnswer(error, doubt);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), doubt, { cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  BotDisabledByAdmin: "An administrator of Teams has blocked the app: it has to be allowed in the app policies",
  BotNotInConversationRoster: "Add the app to this chat or team again",
  ConversationBlockedByUser: "The person has blocked the bot; only they can write again",
  MessageWritesBlocked: "The person has blocked or removed the bot; only they can write again",
  InvalidBotApiHost: "Put the service of your government cloud into channels.teams.service_urls",
};

function fromAnswer(error: TeamsFailure, doubt: "unknown" | "retry"): ChannelError {
  const answer = `Teams answered ${error.message}`;
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  // Before anything was sent.
  if (error.by === "login") {
    if (error.status === 429) return new ChannelError("teams_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
    if (error.status >= 500) return new ChannelError("teams_error", answer, "retry", { cause: error });
    return permanent("teams_login_refused", "Check app_id, app_password (does the client secret still hold?) and tenant_id");
  }
  switch (error.status) {
    case 412:
    case 429:
    case 503:
      return new ChannelError(error.status === 429 ? "teams_rate_limited" : "teams_try_later", answer, "retry", {
        cause: error,
        ...(error.status === 429
          ? { retryAfterMs: error.retryAfterMs ?? 1_000 }
          : error.retryAfterMs === undefined
            ? {}
            : { retryAfterMs: error.retryAfterMs }),
      });
    case 401:
      return permanent("teams_token_refused", "Check that the Azure bot resource has this app_id and that its Teams channel is switched on");
    case 403:
    case 404:
      return permanent("teams_not_there", HINTS[error.code] ?? "Check the address; the app has to be installed there, and the message has to be there still");
    case 413:
      return permanent("teams_too_big", "Teams takes messages of about 100 KB and pictures of 1 MB");
  }
  if (error.status >= 500) return new ChannelError("teams_error", answer, doubt, { cause: error });
  return permanent("teams_refused", "Teams will not take this; its answer says why");
}
