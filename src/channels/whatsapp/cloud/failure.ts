import { ChannelError, ClankerError, type ErrorDetails, type SendFailure } from "../../../core/errors.ts";
import { HttpFailure } from "../../../core/http.ts";
import { describeError, GraphFailure } from "./api.ts";
import type { WireError } from "./wire.ts";

/** What Meta's codes mean for a message (WhatsApp, Cloud API, "Error codes"). What is not here is refused for good. */
const CODES: Readonly<Record<number, readonly [code: string, failure: SendFailure, details?: ErrorDetails]>> = {
  // Throttling: of the app, of the account, of the number, of this pair of numbers (one message in six seconds in the long run).
  4: ["whatsapp_rate_limited", "retry", { retryAfterMs: 60_000 }],
  80007: ["whatsapp_rate_limited", "retry", { retryAfterMs: 60_000 }],
  130429: ["whatsapp_rate_limited", "retry", { retryAfterMs: 5_000 }],
  131056: ["whatsapp_rate_limited", "retry", { retryAfterMs: 6_000 }],
  131064: ["whatsapp_rate_limited", "retry", { retryAfterMs: 60_000 }],
  // Meta's own trouble, told before anything was sent.
  1: ["whatsapp_error", "retry"],
  2: ["whatsapp_error", "retry"],
  131000: ["whatsapp_error", "retry"],
  131016: ["whatsapp_error", "retry"],
  131057: ["whatsapp_error", "retry", { retryAfterMs: 60_000 }],
  133004: ["whatsapp_error", "retry"],
  131047: [
    "whatsapp_window_closed",
    "permanent",
    { hint: "A business may write only within 24 hours of the person's last message: they have to write first, then ask again" },
  ],
  131026: [
    "whatsapp_undeliverable",
    "permanent",
    { hint: "The number is not on WhatsApp, has not accepted its newest terms, or uses a version that is too old" },
  ],
  131030: [
    "whatsapp_undeliverable",
    "permanent",
    { hint: "A test number writes only to numbers that are listed on the app's page API Setup: add this one there" },
  ],
  133010: ["whatsapp_not_registered", "permanent", { hint: "Register the number for the Cloud API: docs/channels/whatsapp.md says how" }],
  131021: ["whatsapp_undeliverable", "permanent", { hint: "A number cannot write to itself" }],
  131049: ["whatsapp_undeliverable", "permanent", { hint: "Meta has decided not to deliver it; wait a day, or let the person write first" }],
  131050: ["whatsapp_undeliverable", "permanent", { hint: "The person has asked not to get such messages" }],
  131062: ["whatsapp_undeliverable", "permanent", { hint: "Meta sends this kind of message to phone numbers alone" }],
  131048: ["whatsapp_restricted", "permanent", { hint: "Too many people have blocked or reported this number; look at its quality in the WhatsApp Manager" }],
  131031: ["whatsapp_restricted", "permanent", { hint: "Meta has locked the business account; its page says why" }],
  131042: ["whatsapp_restricted", "permanent", { hint: "The way of payment of the business account has to be mended on Meta's page" }],
  130497: ["whatsapp_restricted", "permanent", { hint: "This business account may not write to people in that country" }],
  368: ["whatsapp_restricted", "permanent", { hint: "Meta has restricted the business account for breaking a policy; its page says which" }],
  131053: ["whatsapp_file_refused", "permanent", { hint: "WhatsApp does not take this kind of file; send it as PDF, or in a common format" }],
};

const TOKEN_HINT = "Make a new token of a system user with whatsapp_business_messaging and put it into channels.whatsapp.token";

/** 0, 190, 3, 10 and 200 to 299 are about the token and what it may do. */
export function isTokenRefused({ code, status }: { readonly code?: number | undefined; readonly status?: number }): boolean {
  return code === undefined ? status === 401 : code === 0 || code === 190 || code === 3 || code === 10 || (code >= 200 && code < 300);
}

/** What Meta says of a message that it had taken, in a status `failed`: surely not delivered. */
export function fromStatus(error: WireError | undefined): ChannelError {
  return fromCode(error?.code, `WhatsApp could not deliver it: ${describeError(error)}`, {});
}

/** @param repeatable nothing is seen of the call, such as an upload: in doubt it may be made again (reliability.md P2, fault-22 to fault-24) */
export function toChannelError(error: unknown, repeatable: boolean): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) return fromSilence(error, repeatable);
  if (error instanceof GraphFailure) {
    // A page instead of an answer comes from something in between; what it did with the request nobody knows.
    if (error.code === undefined && error.status >= 500)
      return new ChannelError("whatsapp_error", `WhatsApp answered ${error.message}`, repeatable ? "retry" : "unknown", { cause: error });
    return fromCode(error.code, `WhatsApp answered ${error.message}`, {
      status: error.status,
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  }
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, "retry", { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), repeatable ? "retry" : "unknown", { cause: error });
}

function fromSilence(error: HttpFailure, repeatable: boolean): ChannelError {
  if (error.kind === "too_large")
    return new ChannelError("whatsapp_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
  if (error.kind === "refused" && !error.sent)
    return new ChannelError("whatsapp_refused", error.message, "permanent", { hint: "Check channels.whatsapp.api_root", cause: error });
  return new ChannelError("whatsapp_unreachable", `WhatsApp did not answer: ${error.message}`, error.sent && !repeatable ? "unknown" : "retry", {
    cause: error,
  });
}

function fromCode(code: number | undefined, answer: string, more: { status?: number; cause?: unknown; retryAfterMs?: number }): ChannelError {
  const { status, ...details } = more;
  if (isTokenRefused({ code, ...(status === undefined ? {} : { status }) }))
    return new ChannelError("whatsapp_token_refused", answer, "permanent", { ...details, hint: TOKEN_HINT });
  const known = code === undefined ? undefined : CODES[code];
  if (known !== undefined) return new ChannelError(known[0], answer, known[1], { ...known[2], ...details });
  if (status === 429) return new ChannelError("whatsapp_rate_limited", answer, "retry", { retryAfterMs: 5_000, ...details });
  if (status !== undefined && status >= 500) return new ChannelError("whatsapp_error", answer, "retry", details);
  return new ChannelError("whatsapp_refused", answer, "permanent", { ...details, hint: "WhatsApp will not take this; its answer says why" });
}
