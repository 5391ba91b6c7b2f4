import type { Address } from "./address.ts";
import type { Label } from "./label.ts";
import type { Principal } from "./principal.ts";
import type { Thinking } from "./update.ts";

/** Minutes of a day in a zone within which nothing is due; `from` 1320 and `to` 480 is 22:00 to 8:00. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** When a job is due. Each instant it names is a slot, in wall milliseconds. */
export type Schedule =
  | { readonly kind: "at"; readonly at: number }
  /** Slots are `anchor + n * everyMs`, n from 1. */
  | { readonly kind: "every"; readonly everyMs: number; readonly anchor: number; readonly quiet?: QuietHours }
  /** Five fields or a nickname such as `@daily`, read in this IANA zone. */
  | { readonly kind: "cron"; readonly pattern: string; readonly timeZone: string };

/** What becomes of slots that were missed (the gateway was down, the clock jumped, the last run took too long). */
export type CatchUp = "skip" | "once" | "all";

export type JobPayload =
  /** Starts a turn of the agent with this text. */
  | { readonly kind: "message"; readonly text: string; readonly model?: string; readonly thinking?: Thinking; readonly maxTokens?: number }
  /** Is delivered as it stands; no model is asked. */
  | { readonly kind: "reminder"; readonly text: string }
  /** As message, in a session of its own; the owner hears of it only when the answer is not `NOTHING_TO_SAY`. */
  | { readonly kind: "heartbeat"; readonly text: string; readonly model?: string; readonly idleMs: number };

/** Where a message job speaks: in the job's own session, in a new one each time, or in the session of a key. */
export type JobSession = { readonly kind: "own" } | { readonly kind: "fresh" } | { readonly kind: "key"; readonly key: string };

/** Where the answer or reminder goes: nowhere but into the session, to a place, or to wherever the owner is told things. */
export type JobDelivery = { readonly kind: "quiet" } | { readonly kind: "owner" } | { readonly kind: "address"; readonly address: Address };

/** What a person may set of a job. */
export interface JobSettings {
  readonly name: string;
  readonly agent: string;
  readonly schedule: Schedule;
  readonly payload: JobPayload;
  readonly session: JobSession;
  readonly delivery: JobDelivery;
  readonly enabled: boolean;
  readonly catchUp: CatchUp;
  /** Most missed slots that `all` runs. */
  readonly catchUpLimit: number;
  /** A slot that is later than this is not run any more; 0 = no limit. */
  readonly maxDelayMs: number;
  /** Each run begins up to this much after its slot, always the same amount for one job. */
  readonly staggerMs: number;
  /** It goes once its last slot has run well. */
  readonly deleteAfterRun: boolean;
}

/** Scheduled work. It speaks with the principal and label of whoever made it, never more (security.md). */
export interface Job extends JobSettings {
  readonly id: string;
  readonly principal: Principal;
  readonly label: Label;
  /** Every slot up to here is decided: run, or skipped. */
  readonly cursor: number;
  /** The first slot behind the cursor; unset when there is none. */
  readonly nextSlot?: number;
  /** When that slot has to be decided. */
  readonly nextAt?: number;
  /** Runs that have failed since the last one that went well. */
  readonly failures: number;
  /** Slots that nobody ran, by the catch-up policy. */
  readonly skipped: number;
  /** Rises with every change; a writer that knows an older one changes nothing. */
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** `due`: decided and not yet handed over. */
export type JobRunStatus = "due" | "running" | "done" | "failed" | "cancelled";

/** One slot that is or was run. */
export interface JobRun {
  /** `JOB:SLOT`, or `JOB:SLOT:manual`: names the fact, so it can happen once. */
  readonly id: string;
  readonly jobId: string;
  readonly name: string;
  readonly slot: number;
  readonly trigger: "schedule" | "catch_up" | "manual";
  readonly status: JobRunStatus;
  readonly notBefore: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly turnId?: string;
  readonly sessionKey?: string;
  /** Starts of its turn; more than one: it was interrupted and taken up again. */
  readonly attempts?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The whole answer of a heartbeat that has nothing to tell. */
export const NOTHING_TO_SAY = "NOTHING";
