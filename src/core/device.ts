/**
 * A paired client (house.md, vocabulary) as the store keeps it. Its id is the SHA-256 of its Ed25519 public key, so that no other key can ever speak for it.
 * Scopes are names the gateway knows; what is asked for gives nothing until it is approved.
 */
export interface Device {
  /** base64url of SHA-256 over the raw public key. */
  readonly id: string;
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** What it calls itself; text of a stranger. */
  readonly name: string;
  readonly platform: string;
  /** `pending`: never approved; `revoked`: may do nothing until it is approved anew. */
  readonly status: "pending" | "active" | "revoked";
  /** Granted; empty unless active. */
  readonly scopes: readonly string[];
  /** What it has asked for and nobody has answered yet. */
  readonly request?: { readonly id: string; readonly scopes: readonly string[]; readonly expiresAt: number };
  /** SHA-256 of its token, hex; unset while it has none. */
  readonly tokenDigest?: string;
  /** Rises with every change of what it may do; credentials of a lower number are void. */
  readonly epoch: number;
  readonly createdAt: number;
  readonly approvedAt?: number;
}
