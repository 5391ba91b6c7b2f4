import { canonicalJson } from "../canonical-json/index.ts";
import { sha256Hex } from "../digest/index.ts";

/** What the first record is chained to. */
export const CHAIN_START = "0".repeat(64);

/**
 * Hash of a record of the audit: `h_i = SHA-256(h_{i-1} || canonical(record))` (security.md, Audit). One formula for the store, which writes it, and for whoever
 * verifies it.
 * @param previous hash of the record before, hex.
 */
export function chainHash(previous: string, record: unknown): string {
  return sha256Hex(previous + canonicalJson(record));
}
