import type { PlainError } from "./writer-protocol.ts";

/** What a look into a database tells. */
export interface DatabaseFacts {
  /** Newest migration in it. */
  readonly schema: number;
  /** When its newest message came, wall milliseconds. */
  readonly newest_message_at?: number;
}

export type CopyRequest = { readonly kind: "copy"; readonly path: string; readonly target: string } | { readonly kind: "check"; readonly path: string };
export type CopyReply = { readonly facts: DatabaseFacts } | { readonly error: PlainError };
