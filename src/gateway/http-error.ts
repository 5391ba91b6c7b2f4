import { AuthError, ChannelError, type ClankerError, ConfigError, ModelError, RequestError, StoreError } from "../core/errors.ts";

interface Face {
  readonly status: number;
  readonly rpc: number;
}

/** Codes whose HTTP status or JSON-RPC number is not that of their class. -32700..-32600 are the spec's own. */
const FACES: Readonly<Record<string, Face>> = {
  parse_error: { status: 400, rpc: -32700 },
  bad_request: { status: 400, rpc: -32600 },
  method_not_found: { status: 404, rpc: -32601 },
  bad_params: { status: 400, rpc: -32602 },
  bad_message: { status: 400, rpc: -32602 },
  bad_session_key: { status: 400, rpc: -32602 },
  internal: { status: 500, rpc: -32603 },
  unauthenticated: { status: 401, rpc: -32001 },
  device_unknown: { status: 401, rpc: -32001 },
  device_pending: { status: 401, rpc: -32001 },
  device_revoked: { status: 401, rpc: -32001 },
  pairing_full: { status: 429, rpc: -32029 },
  forbidden: { status: 403, rpc: -32003 },
  approval_required: { status: 403, rpc: -32003 },
  origin_refused: { status: 403, rpc: -32003 },
  proxy_refused: { status: 403, rpc: -32003 },
  token_in_query: { status: 400, rpc: -32600 },
  method_not_allowed: { status: 405, rpc: -32600 },
  not_found: { status: 404, rpc: -32004 },
  idempotency_conflict: { status: 409, rpc: -32009 },
  session_busy: { status: 409, rpc: -32010 },
  config_changed: { status: 412, rpc: -32012 },
  precondition_required: { status: 428, rpc: -32012 },
  body_too_large: { status: 413, rpc: -32013 },
  blob_too_large: { status: 413, rpc: -32013 },
  content_type: { status: 415, rpc: -32015 },
  host_refused: { status: 421, rpc: -32021 },
  rate_limited: { status: 429, rpc: -32029 },
  store_full: { status: 503, rpc: -32053 },
  unavailable: { status: 503, rpc: -32053 },
  shutting_down: { status: 503, rpc: -32053 },
};

/** HTTP status and JSON-RPC error number of an error, by its code, else by who failed. */
export function faceOf(error: ClankerError): Face {
  const face = FACES[error.code];
  if (face !== undefined) return face;
  if (error instanceof AuthError) return { status: 403, rpc: -32003 };
  if (error instanceof RequestError) return error.code.endsWith("_not_found") ? { status: 404, rpc: -32004 } : { status: 400, rpc: -32000 };
  if (error instanceof ConfigError) return { status: 422, rpc: -32022 };
  if (error instanceof StoreError) return { status: 503, rpc: -32053 };
  if (error instanceof ModelError) return { status: error.failure === "away" ? 503 : error.failure === "refused" ? 502 : 400, rpc: -32060 };
  if (error instanceof ChannelError) return { status: 502, rpc: -32061 };
  return { status: 500, rpc: -32603 };
}

/** What a caller may read of an error: nothing about our insides when the fault is ours. */
export function publicMessage(error: ClankerError): string {
  return faceOf(error).rpc === -32603 ? "internal error" : error.message;
}

/** The body and headers of an HTTP error (contract.md, HTTP). */
export function errorResponse(error: ClankerError): Response {
  const { status } = faceOf(error);
  const body = { error: { code: error.code, message: publicMessage(error), ...(error.hint === undefined ? {} : { hint: error.hint }) } };
  return Response.json(body, { status, headers: errorHeaders(error, status) });
}

export function errorHeaders(error: ClankerError, status: number): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (status === 401) headers["www-authenticate"] = 'Bearer realm="clanker"';
  return headers;
}
