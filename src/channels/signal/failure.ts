import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { SignalFailure } from "./api.ts";
import type { WireRecipientResult, WireSendResult } from "./wire.ts";

/** Numbers of signal-cli's own errors (SignalJsonRpcCommandHandler), beside those of JSON-RPC. */
const UNTRUSTED = -4;
const RATE_LIMIT = -5;
const USER = -1;
const METHOD_UNKNOWN = -32601;
const BAD_PARAMS = -32602;

const CHALLENGE = (token: string) =>
  `Signal asks for a captcha: solve it at https://signalcaptchas.org/challenge/generate.html and hand its link in with the challenge ${token}: docs/channels/signal.md says how`;
export const SAFETY_NUMBER = "Compare the safety number with them, then trust it: docs/channels/signal.md says how";
export const UNKNOWN_ACCOUNT = "Check channels.signal.number; if the phone has unlinked this device, link it again: see docs/channels/signal.md";

/**
 * Any failure of a call as a ChannelError. A send has no nonce, so what may have gone out is unknown (reliability.md P2, fault-22 to fault-24).
 * @param kind `repeatable`: doing it again changes nothing.
 */
export function toChannelError(error: unknown, kind: "send" | "repeatable"): ChannelError {
  const inDoubt = kind === "send" ? "unknown" : "retry";
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure) {
    if (error.kind === "too_large")
      return new ChannelError("signal_file_too_big", error.message, "permanent", { hint: "Files of up to 20 MB can be fetched", cause: error });
    if (error.kind === "refused" && !error.sent)
      return new ChannelError("signal_request_refused", error.message, "permanent", { hint: "Check channels.signal.url", cause: error });
    return new ChannelError("signal_unreachable", `the signal-cli daemon did not answer: ${error.message}`, error.sent ? inDoubt : "retry", { cause: error });
  }
  if (error instanceof SignalFailure) return fromAnswer(error, inDoubt);
  if (error instanceof ClankerError)
    return new ChannelError(error.code, error.message, inDoubt, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), inDoubt, { cause: error });
}

function fromAnswer(error: SignalFailure, inDoubt: "unknown" | "retry"): ChannelError {
  const answer = `signal-cli answered ${error.message}`;
  const results = ((error.response as WireSendResult | null | undefined)?.results ?? []) as readonly WireRecipientResult[];
  const says = (type: string) => results.some((result) => result?.type === type);
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.code === RATE_LIMIT || says("RATE_LIMIT_FAILURE")) return limited(answer, error, results);
  if (error.code === UNTRUSTED || says("IDENTITY_FAILURE")) return permanent("signal_untrusted_identity", SAFETY_NUMBER);
  // Of several recipients one may have got it.
  if (says("NETWORK_FAILURE")) return new ChannelError("signal_network", answer, inDoubt, { cause: error });
  if (says("UNREGISTERED_FAILURE") || / is not registered\.?/.test(error.message))
    return permanent("signal_unregistered", "They have no Signal account under this id any more");
  if (says("INVALID_PRE_KEY_FAILURE") || /No prekeys available/.test(error.message))
    return permanent("signal_no_keys", "Their device has not been online for long; try again once they have opened Signal");
  if (error.code === METHOD_UNKNOWN) return permanent("signal_too_old", "Install signal-cli 0.14 or later");
  if (error.code === BAD_PARAMS) return permanent("signal_account_unknown", UNKNOWN_ACCOUNT);
  if (error.code === USER || /AttachmentInvalidException/.test(error.message))
    return permanent("signal_refused", "signal-cli will not take this; its answer says why");
  if (error.code === undefined && error.status < 500)
    return permanent("signal_not_a_daemon", "Check channels.signal.url: it has to be the daemon's own address, by the name or IP it listens on");
  // -3 (input and output) and -32603 (internal): it may have gone out before that.
  return new ChannelError("signal_error", answer, inDoubt, { cause: error });
}

function limited(answer: string, cause: SignalFailure, results: readonly WireRecipientResult[]): ChannelError {
  const seconds = Math.max(0, ...results.map(({ retryAfterSeconds }) => Number(retryAfterSeconds) || 0));
  const token = results.find((result) => typeof result.token === "string" && /^[\w.:-]{1,200}$/.test(result.token))?.token;
  const details = { cause, retryAfterMs: seconds > 0 ? seconds * 1_000 : 60_000 };
  return token === undefined
    ? new ChannelError("signal_rate_limited", answer, "retry", details)
    : new ChannelError("signal_captcha_needed", answer, "retry", { ...details, hint: CHALLENGE(token) });
}
