import type { Channel, ChannelDeps } from "../../../src/core/channel.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { FaultProxy } from "../../faults/fault-proxy.ts";

/** A platform's wire-true fake behind wires that can be cut, and how the adapter is made for it: all that the fault suite has to know of a channel. It outlives adapters. */
export interface FaultPartner {
  /** All that the adapter connects to. */
  readonly wires: readonly FaultProxy[];
  /** A new adapter on the same platform, as a new process makes it; it has its production waits. */
  open(deps: ChannelDeps): Channel;
  /** Ids of so many people, each of whom can talk to the assistant alone. */
  people(count: number): readonly string[];
  /** One of them writes. */
  say(person: string, text: string): Promise<void> | void;
  /** What the assistant has written to them, as they see it now. */
  shown(person: string): string[];
  /** How often the adapter has tried to post something new to them, taken or not. */
  tries(person: string): number;
  /** What happens to the next post: refused for 37 s, refused for ever, taken but the answer lost. */
  failNext(failure: Failure): void;
  /** What no client may do, and the adapter did. */
  violations(): readonly string[];
  /** Whoever resumes finds nothing to resume any more. Absent: the platform has no sessions. */
  loseSession?(): void;
  /** Another program with the same credentials is there, or has left; or why that is no conflict on this platform. */
  readonly rival: Rival | { readonly cannotOccur: string };
  /** Connections that an hour without faults costs, at most; default 8. */
  readonly connectsPerHour?: number;
  /** Servers in other processes have something to do that needs real time. */
  busy?(): boolean;
  /** Real milliseconds to give them at each look at a condition. */
  readonly patienceMs?: number;
  close(): Promise<void>;
}

export type Failure = "retry" | "permanent" | "unknown";

export interface Rival {
  set(there: boolean): void;
  /** Of the status while it is there. */
  readonly code: string;
  /** Connections or polls of ours that ten minutes of it may cost. */
  readonly mostTries: number;
  tries(): number;
}

export type OpenPartner = (clock: Clock) => Promise<FaultPartner>;

/** How long the platform asks to be left alone where `failNext("retry")` can say so. */
export const PAUSE_MS = 37_000;
