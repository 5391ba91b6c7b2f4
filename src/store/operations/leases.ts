import { StoreError } from "../../core/errors.ts";
import type { Fence } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

const LANE = "lane:";

export function laneOf(sessionId: string): string {
  return LANE + sessionId;
}

/** The right to compact one session. */
export function compactionOf(sessionId: string): string {
  return `compact:${sessionId}`;
}

/** Every fenced write begins here. @throws StoreError `lease_lost` */
export function* guard(fence: Fence): Steps<void> {
  const held = yield* one("SELECT fence FROM leases WHERE lease = ? AND owner = ? AND fence = ?", fence.lease, fence.owner, fence.fence);
  if (held === undefined) throw leaseLost(fence);
}

/** The session whose lane the fence holds. @throws StoreError `lease_lost`, also for a fence of something else than a lane. */
export function* guardLane(fence: Fence): Steps<string> {
  if (!fence.lease.startsWith(LANE)) throw leaseLost(fence);
  yield* guard(fence);
  return fence.lease.slice(LANE.length);
}

export function leaseLost(fence: Fence): StoreError {
  return new StoreError("lease_lost", `${fence.lease} is no longer held by ${fence.owner} with fence ${fence.fence}`, {
    hint: "Another owner has taken over this work; stop writing.",
  });
}

const TAKE = `INSERT INTO leases (lease, owner, fence, expires_at) VALUES (?, ?, 1, ?)
  ON CONFLICT (lease) DO UPDATE SET owner = excluded.owner, fence = leases.fence + 1, expires_at = excluded.expires_at
  WHERE leases.owner IS NULL OR leases.expires_at <= ?`;

/** A free or expired lease becomes the owner's, with the next fence number; undefined when it is held, be it by the same owner. */
export function* takeLease(lease: string, owner: string, now: number, leaseMs: number): Steps<Fence | undefined> {
  const row = yield* one<{ fence: number }>(`${TAKE} RETURNING fence`, lease, owner, now + leaseMs, now);
  return row && { lease, owner, fence: row.fence };
}

/** A new claim by the same owner gets a new number too: its own older holder is then fenced out. */
export function* claimLease({ lease, owner, now, leaseMs }: Input<"claimLease">): Steps<Fence | undefined> {
  const row = yield* one<{ fence: number }>(`${TAKE} OR leases.owner = excluded.owner RETURNING fence`, lease, owner, now + leaseMs, now);
  return row && { lease, owner, fence: row.fence };
}

export function* renewLeases({ owner, now, leaseMs }: Input<"renewLeases">): Steps<string[]> {
  const rows = yield* all<{ lease: string }>("UPDATE leases SET expires_at = ? WHERE owner = ? RETURNING lease", now + leaseMs, owner);
  return rows.map((row) => row.lease);
}

/** The row stays, so that the next holder's fence number is higher. */
export function* releaseLease({ fence }: Input<"releaseLease">): Steps<void> {
  const released = yield* run(
    "UPDATE leases SET owner = NULL, expires_at = 0 WHERE lease = ? AND owner = ? AND fence = ?",
    fence.lease,
    fence.owner,
    fence.fence,
  );
  if (released === 0) throw leaseLost(fence);
}

/** Guards and prolongs in one statement. @throws StoreError `lease_lost` */
export function* keepLease(fence: Fence, now: number, leaseMs: number): Steps<void> {
  const sql = "UPDATE leases SET expires_at = ? WHERE lease = ? AND owner = ? AND fence = ?";
  if ((yield* run(sql, now + leaseMs, fence.lease, fence.owner, fence.fence)) === 0) throw leaseLost(fence);
}
