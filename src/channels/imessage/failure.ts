import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { WayFailure } from "./way.ts";

export const HELPER = "Set up the Private API on the Mac, or write private_api = false: docs/channels/imessage.md";

export const ACCESS = "Grant Full Disk Access and Automation of Messages to what starts the gateway: docs/channels/imessage.md";

const REFUSED: Readonly<Record<Exclude<WayFailure["kind"], "lost" | "away">, readonly [code: string, hint: string]>> = {
  refused: ["imessage_refused", "The Mac will not take this; its answer says why"],
  password: ["imessage_password_refused", "Put the password that BlueBubbles shows under Settings into channels.imessage.password"],
  access: ["imessage_no_access", ACCESS],
  gone: ["imessage_not_there", "The Mac has no such chat, message or file any more"],
  helper: ["imessage_helper_missing", HELPER],
  undelivered: ["imessage_not_delivered", "Messages on the Mac shows what went wrong; perhaps they have no iMessage under this handle"],
};

/**
 * Any failure of a call as a ChannelError. A send has no nonce, so what may have gone out is unknown (reliability.md P2, fault-22 to fault-24).
 * @param kind `repeatable`: doing it again changes nothing.
 */
export function toChannelError(error: unknown, kind: "send" | "repeatable"): ChannelError {
  const inDoubt = kind === "send" ? "unknown" : "retry";
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("imessage_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("imessage_request_refused", error.message, "permanent", { hint: "Check channels.imessage.url", cause: error });
    return new ChannelError("imessage_unreachable", `the Mac did not answer: ${error.message}`, error.sent ? inDoubt : "retry", { cause: error });
  }
  if (error instanceof WayFailure) {
    if (error.kind === "away") return new ChannelError("imessage_unreachable", error.message, "retry", { cause: error });
    if (error.kind === "lost") return new ChannelError("imessage_error", error.message, inDoubt, { cause: error });
    const [code, hint] = REFUSED[error.kind];
    return new ChannelError(code, error.message, "permanent", { hint, cause: error });
  }
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, inDoubt, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), inDoubt, { cause: error });
}
