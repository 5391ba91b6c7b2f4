/** What a caller may do: each scope includes those before it. */
export type Scope = "read" | "write" | "admin";

export const SCOPES: readonly Scope[] = ["read", "write", "admin"];

/** Who an authenticated caller is. `id` is the account on channel `web` and the scope of idempotency keys. */
export interface Credential {
  readonly id: string;
  readonly scopes: readonly Scope[];
}
