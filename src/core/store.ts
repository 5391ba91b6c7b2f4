import { APPROVALS_DURABILITY, type ApprovalsOperations } from "./store/approvals.ts";
import { AUDIT_DURABILITY, type AuditOperations } from "./store/audit.ts";
import { CALLS_DURABILITY, type CallsOperations } from "./store/calls.ts";
import { DEVICES_DURABILITY, type DevicesOperations } from "./store/devices.ts";
import { HOUSE_DURABILITY, type HouseOperations } from "./store/house.ts";
import { INBOX_DURABILITY, type InboxOperations } from "./store/inbox.ts";
import { JOBS_DURABILITY, type JobsOperations } from "./store/jobs.ts";
import { LEASES_DURABILITY, type LeasesOperations } from "./store/leases.ts";
import { MEMORIES_DURABILITY, type MemoriesOperations } from "./store/memories.ts";
import { OUTBOX_DURABILITY, type OutboxOperations } from "./store/outbox.ts";
import { PAIRINGS_DURABILITY, type PairingsOperations } from "./store/pairings.ts";
import { PEOPLE_DURABILITY, type PeopleOperations } from "./store/people.ts";
import { SESSIONS_DURABILITY, type SessionsOperations } from "./store/sessions.ts";
import { SUB_AGENTS_DURABILITY, type SubAgentsOperations } from "./store/sub-agents.ts";
import { TRANSCRIPT_DURABILITY, type TranscriptOperations } from "./store/transcript.ts";
import { TURNS_DURABILITY, type TurnsOperations } from "./store/turns.ts";
import { USAGE_DURABILITY, type UsageOperations } from "./store/usage.ts";
import type { Durabilities } from "./store/operation.ts";

export type { NewApproval } from "./store/approvals.ts";
export type { AcceptItem, AcceptOutput, ResetWhen } from "./store/inbox.ts";
export { EVENT_DELIVERY, type DeliveryNote, type NewDelivery } from "./store/outbox.ts";
export type { NewPairing } from "./store/pairings.ts";
export type { NewSession } from "./store/sessions.ts";
export type { StartedTurn } from "./store/turns.ts";

/**
 * The store port: a list of whole named operations, each one transaction that takes ids and times as arguments, so that it may be run again.
 * What must stay true: an operation that takes a Fence fails with StoreError `lease_lost` and changes nothing when the lease has moved;
 * an answer of a `full` operation means that its change is on disk.
 */
export type Store = { readonly [K in keyof Operations]: (input: Operations[K]["input"]) => Promise<Operations[K]["output"]> } & {
  /** What was deleted leaves no bytes behind in the files of the database. Takes as long as a copy of it; what comes meanwhile waits. */
  scrub(): Promise<void>;
  /** Finishes what is queued, then closes. */
  close(): Promise<void>;
};

/** Every operation, by subject. */
export interface Operations
  extends
    InboxOperations,
    PeopleOperations,
    TurnsOperations,
    CallsOperations,
    TranscriptOperations,
    SubAgentsOperations,
    ApprovalsOperations,
    PairingsOperations,
    AuditOperations,
    LeasesOperations,
    OutboxOperations,
    SessionsOperations,
    DevicesOperations,
    MemoriesOperations,
    JobsOperations,
    UsageOperations,
    HouseOperations {}

/** How long the answer of each may take to be lost. */
export const DURABILITY: Durabilities<Operations> = {
  ...INBOX_DURABILITY,
  ...PEOPLE_DURABILITY,
  ...TURNS_DURABILITY,
  ...CALLS_DURABILITY,
  ...TRANSCRIPT_DURABILITY,
  ...SUB_AGENTS_DURABILITY,
  ...APPROVALS_DURABILITY,
  ...PAIRINGS_DURABILITY,
  ...AUDIT_DURABILITY,
  ...LEASES_DURABILITY,
  ...OUTBOX_DURABILITY,
  ...SESSIONS_DURABILITY,
  ...DEVICES_DURABILITY,
  ...MEMORIES_DURABILITY,
  ...JOBS_DURABILITY,
  ...USAGE_DURABILITY,
  ...HOUSE_DURABILITY,
};

export type { Delivery, DeliveryPart } from "./records.ts";
