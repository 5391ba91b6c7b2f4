import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { FeishuFailure, isLimit } from "./api.ts";

/** "Send a message", "Reply to a message": what was answered is not there any more. */
const GONE = new Set([230011, 230110, 230050, 231003]);
/** The conversation is closed to us: not in it, not visible, blocked, dissolved. */
const CLOSED = new Set([230002, 230013, 230018, 230029, 230034, 230035, 230038, 230045, 230053, 230075, 231004, 231008, 232009, 234004]);
const NO_SCOPE = new Set([99991672, 230027, 234009, 231002]);
/** The same uuid is on its way. */
const BEING_SENT = 230049;
/** The card was not understood: surely nothing was posted. */
const CARD_REFUSED = 230099;

export function isGone(error: unknown): boolean {
  return error instanceof FeishuFailure && GONE.has(error.code);
}

export function isCardRefused(error: unknown): boolean {
  return error instanceof FeishuFailure && error.code === CARD_REFUSED;
}

/** Any failure of a call as a ChannelError. A send in doubt may be repeated: its uuid makes it one for an hour (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("feishu_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("feishu_request_refused", error.message, "permanent", { hint: "Check channels.feishu.api_root", cause: error });
    return new ChannelError("feishu_unreachable", `Feishu did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof FeishuFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

function fromAnswer(error: FeishuFailure): ChannelError {
  const { status, code, retryAfterMs } = error;
  const answer = `Feishu answered ${error.message}`;
  const permanent = (name: string, hint: string) => new ChannelError(name, answer, "permanent", { cause: error, hint });
  if (isLimit(status, code)) return new ChannelError("feishu_rate_limited", answer, "retry", { cause: error, retryAfterMs: retryAfterMs ?? 1_000 });
  if (status >= 500 || code === BEING_SENT)
    return new ChannelError("feishu_error", answer, "retry", { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  if (error.credentials) return permanent("feishu_credentials_refused", "Copy App ID and App Secret anew from the app's page Credentials & Basic Info");
  if (NO_SCOPE.has(code))
    return permanent("feishu_scope_missing", "Add the scope that the answer names on the app's page Permissions & Scopes, and publish a new version");
  if (CLOSED.has(code))
    return permanent("feishu_conversation_closed", "Check the address: the bot has to be in the group, and the person in the app's availability");
  if (GONE.has(code) || status === 404) return permanent("feishu_not_there", "The message was taken back or deleted");
  if (code === 234006 || code === 230025) return permanent("feishu_too_big", "Pictures may have 10 MB, files 30 MB, a card 30 KB");
  return permanent("feishu_refused", "Feishu will not take this; its answer says why");
}
