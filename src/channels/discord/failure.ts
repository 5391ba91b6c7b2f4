import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { DiscordFailure } from "./api.ts";

/**
 * Any failure of a call as a ChannelError (reliability.md P2, fault-22 to fault-24). A doubtful send is `retry`: it is repeated with the nonce that Discord
 * still knows, or after a look into the history (outbound.ts).
 */
export function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large") return tooBig(error.message, error);
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("discord_request_refused", error.message, "permanent", { hint: "Check channels.discord.api_root", cause: error });
    const code = error.kind === "timeout" ? "discord_timeout" : "discord_unreachable";
    return new ChannelError(code, `Discord did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (error instanceof DiscordFailure) return fromAnswer(error);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "retry", { cause: error });
}

/** JSON error codes by which a refusal explains itself. */
const UNKNOWN_CHANNEL = 10003;
const UNKNOWN_MESSAGE = 10008;
const TOO_LARGE = 40005;
const MISSING_ACCESS = 50001;
const CANNOT_MESSAGE_USER = 50007;
const MISSING_PERMISSION = 50013;

function fromAnswer(error: DiscordFailure): ChannelError {
  const { status, code, description } = error;
  const answer = `Discord answered ${status}${code === 0 ? "" : ` (${code})`}: ${description}`;
  if (status === 429) return new ChannelError("discord_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? 1_000 });
  if (status >= 500) return new ChannelError("discord_error", answer, "retry", { cause: error });
  const permanent = (name: string, hint: string) => new ChannelError(name, answer, "permanent", { cause: error, hint });
  if (status === 401) return permanent("discord_token_refused", "Reset the token in the Developer Portal and put it into channels.discord.token");
  if (code === CANNOT_MESSAGE_USER)
    return permanent("discord_blocked", "The person has blocked the bot, takes no direct messages, or shares no server with it any more");
  if (code === MISSING_ACCESS || code === MISSING_PERMISSION)
    return permanent(
      "discord_no_permission",
      "Give the bot View Channel, Send Messages, Send Messages in Threads, Attach Files and Read Message History there",
    );
  if (code === UNKNOWN_MESSAGE) return permanent("discord_message_gone", "Somebody has deleted the message that was to be changed");
  if (code === UNKNOWN_CHANNEL || status === 404) return permanent("discord_channel_not_found", "Check the address; the channel may have been deleted");
  if (status === 413 || code === TOO_LARGE) return tooBig(answer, error);
  return permanent("discord_refused", "Discord will not take this message; its answer says why");
}

function tooBig(message: string, cause: unknown): ChannelError {
  return new ChannelError("discord_file_too_big", message, "permanent", { hint: "Bots can send files of up to 10 MiB, and fetch those of up to 20 MB", cause });
}
