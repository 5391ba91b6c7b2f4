import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { SlackFailure } from "./api.ts";

/** What was tried: a send may not be repeated when in doubt, an edit or a read may. */
export type Attempt = "send" | "repeatable";

/** Slack's words for "the token does not hold": only the owner can mend that. */
const TOKEN = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
  "org_login_required",
  "no_permission",
  "access_denied",
]);
/** Slack stumbled; whether it had posted the message before is not known. */
const STUMBLED = new Set(["internal_error", "fatal_error", "request_timeout", "service_unavailable", "team_added_to_org"]);
const LIMITED = new Set(["ratelimited", "rate_limited", "message_limit_exceeded"]);
const NOT_THERE = new Set(["channel_not_found", "not_in_channel", "is_archived", "user_not_found", "users_not_found", "cannot_dm_bot", "restricted_action"]);
const MAX_FILE = "Files of up to 20 MB can be fetched";

export function isTokenRefused(error: unknown): error is SlackFailure {
  return error instanceof SlackFailure && TOKEN.has(error.reason);
}

/** The blocks were not understood: surely nothing was posted. */
export function isBlocksRefused(error: unknown): boolean {
  return error instanceof SlackFailure && /^(invalid_blocks|invalid_blocks_format|msg_blocks_too_long|invalid_block)/.test(error.reason);
}

/** Any failure of a call as a ChannelError whose `failure` is true for this attempt (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown, attempt: Attempt): ChannelError {
  if (error instanceof ChannelError) return error;
  const doubt = attempt === "send" ? "unknown" : "retry";
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large" && attempt === "repeatable")
      return new ChannelError("slack_file_too_big", error.message, "permanent", { hint: MAX_FILE, cause: error });
    if (error.kind === "refused" && !error.sent) {
      return new ChannelError("slack_request_refused", error.message, "permanent", { hint: "Check channels.slack.api_root and files_root", cause: error });
    }
    const code = error.kind === "timeout" ? "slack_timeout" : "slack_unreachable";
    return new ChannelError(code, `Slack did not answer: ${error.message}`, error.sent ? doubt : "retry", { cause: error });
  }
  if (error instanceof SlackFailure) return fromAnswer(error, doubt);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), doubt, { cause: error });
}

function fromAnswer(error: SlackFailure, doubt: "unknown" | "retry"): ChannelError {
  const answer = `Slack answered ${error.message}`;
  if (LIMITED.has(error.reason)) return new ChannelError("slack_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
  if (STUMBLED.has(error.reason) || error.status >= 500 || error.reason === "http_502") return new ChannelError("slack_error", answer, doubt, { cause: error });
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (TOKEN.has(error.reason))
    return permanent("slack_token_refused", "Copy the token anew from the app's page OAuth & Permissions into channels.slack.bot_token");
  if (error.reason === "missing_scope") return permanent("slack_scope_missing", "Add the scope on the app's page OAuth & Permissions and install the app anew");
  if (NOT_THERE.has(error.reason))
    return permanent("slack_conversation_closed", "Check the address; in a channel the bot has to be a member: /invite it there");
  if (error.reason === "file_not_found" || error.reason === "file_deleted") return permanent("slack_no_file", "The file was deleted in Slack");
  return permanent("slack_refused", "Slack will not take this; its answer says why");
}
