import type { Address } from "../address.ts";
import type { Pairing } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

export interface NewPairing {
  readonly id: string;
  /** SHA-256 of the code: the code itself is never stored. */
  readonly codeHash: string;
  readonly name?: string;
  readonly address: Address;
  readonly expiresAt: number;
}

/** Strangers who ask to be let in. */
export interface PairingsOperations {
  /** A sender who was let in by a code. read. */
  isPaired: Operation<{ channel: string; account: string; senderId: string }, boolean>;
  /** Newest first; without those that expired. read. */
  listPairings: Operation<{ statuses?: readonly Pairing["status"][]; now: number; limit: number }, Pairing[]>;
  /**
   * Redeems a code once (compare and swap: pending, not expired, and of this account if one is named) or turns it down; `id` instead of a code takes back an approved
   * one. Five wrong codes within an hour refuse every further one, the right one included (sec-37). full.
   */
  answerPairing: Operation<
    { codeHash?: string; id?: string; channel?: string; account?: string; decision: "approve" | "deny"; by: string; now: number },
    /** `known`: this code was answered in the same way before, as when an update comes a second time; nothing has changed. */
    { kind: "answered" | "known"; pairing: Pairing } | { kind: "unknown" } | { kind: "locked"; until: number }
  >;
}

export const PAIRINGS_DURABILITY: Durabilities<PairingsOperations> = {
  isPaired: "read",
  listPairings: "read",
  answerPairing: "full",
};
