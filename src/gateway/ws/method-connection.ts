import type { Credential } from "../auth/credential.ts";
import type { Proof } from "../auth/authenticator.ts";
import type { DeviceProof } from "../auth/device-proof.ts";

export interface Subscription {
  /** Event names; undefined = all. */
  readonly events: ReadonlySet<string> | undefined;
  /** Session keys; undefined = all. Events of no session always pass. */
  readonly sessions: ReadonlySet<string> | undefined;
}

/** One of several sockets that have asked for the same. */
export interface SharedSubscription extends Subscription {
  readonly key: string;
  /** Sockets that have it. */
  users: number;
}

/** What a method may do with the socket it was called on. */
export interface MethodConnection {
  /** @throws AuthError; the socket is closed after a wrong proof. */
  authenticate(proof: Proof): Credential;
  /** Whether a device that asks to be paired holds its key. @throws AuthError; the socket is closed after a wrong proof. */
  provePairing(proof: DeviceProof): void;
  /** Replaces the subscription; `since` is replayed behind the answer, before anything new. @returns whether the replay has to be given up (`reset`). */
  subscribe(subscription: Subscription, since: number | undefined): { readonly reset: boolean };
  unsubscribe(): void;
  /** A fresh nonce of this connection, good for one proof; an earlier one is void. */
  nonce(): string;
}
