import type { ClankerError } from "../../core/errors.ts";
import { faceOf, publicMessage } from "../http-error.ts";

/** The error of a response frame. `details.code` is what clients decide by. */
export interface FrameError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** Codes whose meaning OpenClaw clients know under a name of their own. */
const CONNECT_CODES: Readonly<Record<string, string>> = {
  rate_limited: "AUTH_RATE_LIMITED",
  device_unknown: "PAIRING_REQUIRED",
  device_pending: "PAIRING_REQUIRED",
  device_revoked: "PAIRING_REQUIRED",
};

/** Our error in their words: their coarse code, our own code and hint in the details. */
export function frameError(error: ClankerError, details: Readonly<Record<string, unknown>> = {}): FrameError {
  const { status, rpc } = faceOf(error);
  const later = status === 429 || status === 503;
  const code = later || rpc === -32603 ? "UNAVAILABLE" : error.code.startsWith("device_") ? "NOT_PAIRED" : "INVALID_REQUEST";
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return {
    code,
    message: error.hint === undefined ? publicMessage(error) : `${publicMessage(error)} (${error.hint})`,
    details: { reason: error.code, ...hint, ...details },
    ...(later ? { retryable: true } : {}),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: Math.round(error.retryAfterMs) }),
  };
}

/** The same for a `connect` that was refused. @param shown what the client has shown */
export function connectError(error: ClankerError, shown: { secret: boolean; device: boolean }, details: Readonly<Record<string, unknown>> = {}): FrameError {
  const unknown =
    error.code === "unauthenticated"
      ? shown.secret
        ? "AUTH_TOKEN_MISMATCH"
        : shown.device
          ? "DEVICE_AUTH_SIGNATURE_INVALID"
          : "AUTH_TOKEN_MISSING"
      : undefined;
  const code = unknown ?? CONNECT_CODES[error.code];
  return frameError(error, { ...(code === undefined ? {} : { code }), ...details });
}
