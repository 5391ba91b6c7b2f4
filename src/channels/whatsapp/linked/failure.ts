import { ChannelError } from "../../../core/errors.ts";
import type { CallError } from "./protocol.ts";

const AWAY_MS = 3_000;
/** WhatsApp lets nobody new be written to for the time being (463, a restricted account). */
const RESTRICTED = new Set([463, 475]);

/** What the child says of a call, and what may be done next (reliability.md P2). */
export function failureOf({ kind, message, code }: CallError): ChannelError {
  switch (kind) {
    case "away":
      return new ChannelError("whatsapp_disconnected", message, "retry", { retryAfterMs: AWAY_MS });
    case "doubt":
      return new ChannelError("whatsapp_unacknowledged", message, "unknown");
    case "refused":
      return RESTRICTED.has(code ?? 0)
        ? new ChannelError("whatsapp_restricted", message, "permanent", {
            hint: "WhatsApp has restricted this account: answer only people who have written first",
          })
        : new ChannelError("whatsapp_refused", message, "permanent", {
            hint: "WhatsApp will not take this; check the address, and whether the account is in that group",
          });
    case "invalid":
      return new ChannelError("whatsapp_refused", message, "permanent", { hint: "The message could not be made; the log has more" });
  }
}
