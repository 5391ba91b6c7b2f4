import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { TelegramFailure } from "./api.ts";

/** What was tried: a send may not be repeated when in doubt, an edit or a read may. */
export type Attempt = "send" | "repeatable";

/** Any failure of a call as a ChannelError whose `failure` is true for this attempt (reliability.md P2, fault-22 to fault-24). */
export function toChannelError(error: unknown, attempt: Attempt): ChannelError {
  if (error instanceof ChannelError) return error;
  const doubt = attempt === "send" ? "unknown" : "retry";
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large" && attempt === "repeatable")
      return new ChannelError("telegram_file_too_big", error.message, "permanent", { hint: "Bots can fetch files of up to 20 MB", cause: error });
    if (error.kind === "refused" && !error.sent) {
      return new ChannelError("telegram_request_refused", error.message, "permanent", { hint: "Check channels.telegram.api_root", cause: error });
    }
    const code = error.kind === "timeout" ? "telegram_timeout" : "telegram_unreachable";
    return new ChannelError(code, `Telegram did not answer: ${error.message}`, error.sent ? doubt : "retry", { cause: error });
  }
  if (error instanceof TelegramFailure) return fromAnswer(error, doubt);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), doubt, { cause: error });
}

function fromAnswer(error: TelegramFailure, doubt: "unknown" | "retry"): ChannelError {
  const { code, description } = error;
  const answer = `Telegram answered ${code}: ${description}`;
  if (code === 429) {
    return new ChannelError("telegram_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
  }
  // The message may have been posted before the server stumbled.
  if (code >= 500) return new ChannelError("telegram_error", answer, doubt, { cause: error });
  const permanent = (name: string, hint: string) => new ChannelError(name, answer, "permanent", { cause: error, hint });
  if (code === 401 || code === 404) return permanent("telegram_token_refused", "Get a new token from @BotFather and put it into channels.telegram.token");
  if (code === 403)
    return permanent("telegram_blocked", "The person has blocked the bot, or it was removed from the group: they have to write to it or add it again");
  if (/chat not found|peer_id_invalid/i.test(description))
    return permanent("telegram_chat_not_found", "Check the address; a person has to write to the bot first");
  if (/file is too big/i.test(description)) return permanent("telegram_file_too_big", "Bots can fetch files of up to 20 MB");
  return permanent("telegram_refused", "Telegram will not take this message; its description says why");
}
