/** `read`, `write` and `admin` each include what stands before them; `approvals` and `pairing` stand alone, and `admin` includes them too. */
export type Scope = "read" | "write" | "approvals" | "pairing" | "admin";

export const SCOPES: readonly Scope[] = ["read", "write", "approvals", "pairing", "admin"];

const INCLUDES: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["read", "write"],
  approvals: ["approvals"],
  pairing: ["pairing"],
  admin: SCOPES,
};

/** Who an authenticated caller is. `id` is the account on channel `web` and the scope of idempotency keys. */
export interface Credential {
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Of what it was let in with; once that has a higher number this is worth nothing any more. */
  readonly epoch?: number;
  /** Set for a paired device; `tokenDigest` when it showed its token and not its key. */
  readonly device?: { readonly id: string; readonly tokenDigest?: string };
}

/** Whether these scopes allow what needs `needed`. A scope that is not one we know allows and is allowed nothing. */
export function includesScope(held: readonly Scope[], needed: Scope): boolean {
  return held.some((scope) => INCLUDES[scope]?.includes(needed) ?? false);
}

/** Whether a caller with `held` may hand out `wanted`: nobody gives what they do not have (sec-13). */
export function mayGrant(held: readonly Scope[], wanted: readonly Scope[]): boolean {
  return wanted.every((scope) => includesScope(held, scope));
}
