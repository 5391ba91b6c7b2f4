/**
 * The one family of errors. The class says who failed, `code` is stable and documented in docs/errors.md,
 * `message` is for the log, `hint` tells the person what to do next.
 */
export interface ErrorDetails {
  /** What the person can do now, one sentence. */
  hint?: string;
  /** Milliseconds after which trying again is sensible. */
  retryAfterMs?: number;
  cause?: unknown;
}

export class ClankerError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The owner's configuration is wrong; exit code 78 at start. */
export class ConfigError extends ClankerError {}

/** The caller is not who it has to be, or may not do this. */
export class AuthError extends ClankerError {}

/** The caller asked for something that does not exist or with wrong arguments. */
export class RequestError extends ClankerError {}

/** The database refused or lost something. `lease_lost` means: stop writing, another owner has the work. */
export class StoreError extends ClankerError {}

/** A tool could not do what it was asked; its text reaches the model. */
export class ToolError extends ClankerError {}

/**
 * What a failed send means for the part that was sent:
 * `retry`: surely not delivered, may be sent again after `retryAfterMs`; `permanent`: surely not delivered and never will be;
 * `unknown`: may have been delivered, must not be sent again blindly (reliability.md P2).
 */
export type SendFailure = "retry" | "permanent" | "unknown";

export class ChannelError extends ClankerError {
  readonly failure: SendFailure;

  constructor(code: string, message: string, failure: SendFailure, details: ErrorDetails = {}) {
    super(code, message, details);
    this.failure = failure;
  }
}

/**
 * What a failed model call means for the next try:
 * `away`: overloaded, rate limited, network (an outage, no attempt is used up); `refused`: key or account; `too_long`: the prompt does not fit;
 * `invalid`: the request itself is wrong.
 */
export type ModelFailure = "away" | "refused" | "too_long" | "invalid";

export class ModelError extends ClankerError {
  readonly failure: ModelFailure;

  constructor(code: string, message: string, failure: ModelFailure, details: ErrorDetails = {}) {
    super(code, message, details);
    this.failure = failure;
  }
}

/** Any thrown value as a ClankerError; foreign errors get the code `internal`. */
export function toClankerError(thrown: unknown): ClankerError {
  if (thrown instanceof ClankerError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ClankerError("internal", message, { cause: thrown });
}
