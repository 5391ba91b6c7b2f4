/** An error the gateway answered, or why a call has no answer. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** JSON-RPC number; 0 when the connection failed. */
  readonly number: number;
  /** Stable name, e.g. `unauthenticated`, `disconnected`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: { number?: number; hint?: string | undefined; retryAfterMs?: number | undefined } = {}) {
    super(message);
    this.code = code;
    this.number = details.number ?? 0;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }
}

interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly code?: string; readonly hint?: string; readonly retry_after_ms?: number };
}

export function fromWire({ code, message, data }: WireError): ClientError {
  return new ClientError(data?.code ?? "rpc_error", message, { number: code, hint: data?.hint, retryAfterMs: data?.retry_after_ms });
}
