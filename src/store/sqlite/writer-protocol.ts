import { AuthError, ClankerError, ConfigError, RequestError, StoreError, ToolError } from "../../core/errors.ts";
import type { OperationName } from "../operations/operations.ts";

/** What the worker is started with. */
export interface WriterOptions {
  readonly path: string;
  /** Wall time of the start, for the ledger of migrations and the backup's name. */
  readonly now: number;
  /** Most bytes of the write-ahead log, default 256 MiB. */
  readonly logCapBytes?: number;
}

/** Operations of one tick of the main thread, in order. */
export type WriterRequest =
  | { readonly type: "work"; readonly items: readonly WorkItem[] }
  | { readonly type: "scrub"; readonly id: number }
  | { readonly type: "close" };

export interface WorkItem {
  readonly id: number;
  readonly name: OperationName;
  readonly input: unknown;
}

export type WriterReply =
  | { readonly type: "ready"; readonly migrated: { readonly from: number; readonly to: number }; readonly backup?: string }
  | { readonly type: "refused"; readonly error: PlainError }
  | { readonly type: "answers"; readonly answers: readonly Answer[] }
  | { readonly type: "closed" };

export type Answer = { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: PlainError };

/** An error as it crosses a thread: structured clone keeps neither class nor code. */
export interface PlainError {
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

const CLASSES = { StoreError, RequestError, ConfigError, AuthError, ToolError };

export function toPlainError(error: ClankerError): PlainError {
  return {
    class: error.name,
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
}

export function fromPlainError(plain: PlainError): ClankerError {
  const { code, message, hint, retryAfterMs } = plain;
  const Class = CLASSES[plain.class as keyof typeof CLASSES] ?? ClankerError;
  return new Class(code, message, { ...(hint !== undefined && { hint }), ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
