import type { Cursor, Update } from "./update.ts";

/** What became of one update. */
export type Outcome =
  | { readonly kind: "turn"; readonly messageId: string; readonly turnId: string; readonly sessionId: string; readonly sessionKey: string }
  | { readonly kind: "command"; readonly name: string; readonly reply: string; readonly sessionId?: string }
  | { readonly kind: "context"; readonly messageId: string; readonly sessionId: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "duplicate"; readonly messageId?: string; readonly turnId?: string; readonly sessionId?: string; readonly sessionKey?: string };

/** The only way to wake the agent (house.md section 2, step 1). Implemented by turn/receive. */
export interface Intake {
  /**
   * Admits updates in order. Resolves after one durable commit of their rows and the cursor; only then may the caller acknowledge
   * to the platform. One outcome per update, in the same order.
   * @throws StoreError `store_full` (with retryAfterMs) when the store's queue is at its cap or the disk refuses: nothing was taken, do not acknowledge.
   * @throws RequestError `idempotency_conflict` when one authenticated update repeats a key with another digest.
   */
  receive(updates: readonly Update[], cursor?: Cursor): Promise<Outcome[]>;
}
