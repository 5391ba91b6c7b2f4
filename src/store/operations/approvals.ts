/** The owner's answers: each change is compare-and-swap on the status, with its audit in the same commit (sec-54, sec-114). */
import { StoreError } from "../../core/errors.ts";
import type { Label } from "../../core/label.ts";
import type { Approval, ApprovalStatus } from "../../core/records.ts";
import type { NewApproval, Operations } from "../../core/store.ts";
import { audit, auditIf } from "./audit.ts";
import { appendEntries } from "./entries.ts";
import { guardLane } from "./leases.ts";
import { toApproval, type ApprovalRow } from "./rows/approval.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** Asks of one session that may be open at a time (sec-59). */
export const MAX_PENDING = 3;

const WITH_KEY = "SELECT a.*, s.key AS session_key FROM approvals a LEFT JOIN sessions s ON s.id = a.session_id";

export function* openApproval({ fence, approval, audit: event, now }: Input<"openApproval">): Steps<Operations["openApproval"]["output"]> {
  const sessionId = yield* guardLane(fence);
  const known = yield* one<ApprovalRow>(`${WITH_KEY} WHERE a.session_id = ? AND a.call_id = ?`, sessionId, approval.callId);
  if (known !== undefined) return { kind: "known", approval: toApproval(known) };
  const grant = yield* one<{ id: string }>(
    "SELECT id FROM grants WHERE plan_key = ? AND (session_id IS NULL OR session_id = ?) ORDER BY created_at LIMIT 1",
    approval.planKey,
    sessionId,
  );
  if (grant !== undefined) return { kind: "granted", grantId: grant.id };
  const denied = yield* one("SELECT id FROM approvals WHERE plan_key = ? AND turn_id = ? AND status = 'denied' LIMIT 1", approval.planKey, approval.turnId);
  if (denied !== undefined) return { kind: "denied" };
  const pending = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM approvals WHERE session_id = ? AND status = 'pending'", sessionId);
  if (pending!.count >= MAX_PENDING) return { kind: "full" };
  yield* insertApproval(sessionId, approval);
  yield* audit(event, now);
  return { kind: "asked", approval: (yield* getApproval({ id: approval.id }))! };
}

function* insertApproval(sessionId: string, approval: NewApproval): Steps<void> {
  yield* run(
    `INSERT INTO approvals (id, code, status, session_id, turn_id, call_id, tool, principal, label, plan, digest, plan_key, reason, text, rememberable, shown_at, asked_at,
       expires_at) VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    approval.id,
    approval.code,
    sessionId,
    approval.turnId,
    approval.callId,
    approval.tool,
    JSON.stringify(approval.principal),
    JSON.stringify(approval.label),
    approval.plan,
    approval.digest,
    approval.planKey,
    approval.reason,
    approval.text,
    approval.rememberable ? 1 : 0,
    JSON.stringify(approval.shownAt),
    approval.askedAt,
    approval.expiresAt,
  );
}

export function* getApproval({ id, code }: Input<"getApproval">): Steps<Approval | undefined> {
  const row =
    id !== undefined
      ? yield* one<ApprovalRow>(`${WITH_KEY} WHERE a.id = ?`, id)
      : yield* one<ApprovalRow>(`${WITH_KEY} WHERE a.code = ? ORDER BY a.seq DESC LIMIT 1`, code ?? "");
  return row && toApproval(row);
}

export function* listApprovals({ sessionId, turnId, statuses, limit }: Input<"listApprovals">): Steps<Approval[]> {
  const where = new Where().when("a.session_id = ?", sessionId).when("a.turn_id = ?", turnId).whenIn("a.status", statuses);
  return (yield* all<ApprovalRow>(`${WITH_KEY} ${where.sql} ORDER BY a.seq DESC LIMIT ?`, ...where.params, limit)).map(toApproval);
}

export function* answerApproval(input: Input<"answerApproval">): Steps<Operations["answerApproval"]["output"]> {
  const { decision, by, via, now } = input;
  const approval = yield* getApproval(input);
  if (approval === undefined) return { kind: "unknown" };
  if (approval.status !== "pending" || approval.expiresAt <= now) return { kind: "settled", approval };
  const scope = decision === "deny" ? undefined : approval.rememberable ? decision : "once";
  const status = decision === "deny" ? "denied" : "approved";
  yield* run(
    "UPDATE approvals SET status = ?, scope = ?, answered_by = ?, answered_at = ? WHERE id = ? AND status = 'pending'",
    status,
    scope ?? null,
    by,
    now,
    approval.id,
  );
  if (scope === "session" || scope === "always") {
    yield* run(
      "INSERT INTO grants (id, plan_key, session_id, approval_id, created_at) VALUES (?, ?, ?, ?, ?)",
      approval.id,
      approval.planKey,
      scope === "session" ? approval.sessionId : null,
      approval.id,
      now,
    );
  }
  const data = { approval: approval.id, code: approval.code, tool: approval.tool, digest: approval.digest, via, ...(scope !== undefined && { scope }) };
  yield* audit({ kind: `approval.${status}`, actor: by, session: approval.sessionId, turn: approval.turnId, data }, now);
  yield* queueSettled(approval.turnId);
  return { kind: "answered", approval: (yield* getApproval({ id: approval.id }))! };
}

export function* expireApprovals({ now }: Input<"expireApprovals">): Steps<Approval[]> {
  const due = yield* all<ApprovalRow>(`${WITH_KEY} WHERE a.status = 'pending' AND a.expires_at <= ? ORDER BY a.seq`, now);
  for (const row of due) {
    yield* run("UPDATE approvals SET status = 'expired', answered_at = ? WHERE id = ?", now, row.id);
    yield* audit(
      { kind: "approval.expired", actor: "system", session: row.session_id, turn: row.turn_id, data: { approval: row.id, code: row.code, digest: row.digest } },
      now,
    );
    yield* queueSettled(row.turn_id);
  }
  return due.map((row) => toApproval({ ...row, status: "expired", answered_at: now }));
}

/** A waiting turn goes on when none of its approvals is pending any more and no sub-agent of it is at work. */
export function* queueSettled(turnId: string): Steps<void> {
  if (yield* isAsking(turnId)) return;
  yield* run("UPDATE turns SET status = 'queued', not_before = 0 WHERE id = ? AND status = 'waiting'", turnId);
}

/** Whether a turn waits for the owner or for a sub-agent. */
export function* isAsking(turnId: string): Steps<boolean> {
  if ((yield* one("SELECT id FROM approvals WHERE turn_id = ? AND status = 'pending' LIMIT 1", turnId)) !== undefined) return true;
  return (yield* one("SELECT id FROM sub_agents WHERE turn_id = ? AND status = 'open' LIMIT 1", turnId)) !== undefined;
}

/** approved -> used. @throws StoreError `approval_spent` */
export function* useApproval(use: { sessionId: string; callId: string; id: string; digest: string; now: number }): Steps<Approval> {
  const changed = yield* run(
    "UPDATE approvals SET status = 'used' WHERE id = ? AND session_id = ? AND call_id = ? AND digest = ? AND status = 'approved' AND expires_at > ?",
    use.id,
    use.sessionId,
    use.callId,
    use.digest,
    use.now,
  );
  if (changed === 0) throw new StoreError("approval_spent", `approval ${use.id} does not let call ${use.callId} through`, { hint: "Ask the owner again." });
  return (yield* getApproval({ id: use.id }))!;
}

export function* tellApproval({ fence, id, entry, audit: event, now }: Input<"tellApproval">): Steps<boolean> {
  const sessionId = yield* guardLane(fence);
  const changed = yield* run("UPDATE approvals SET told_at = ? WHERE id = ? AND session_id = ? AND detached = 1 AND told_at IS NULL", now, id, sessionId);
  if (changed === 0) return false;
  yield* appendEntries(sessionId, [entry]);
  yield* auditIf(event, now);
  return true;
}

/** Approvals of turns that are stopped let nothing through any more. */
export function* cancelApprovals(turnId: string, now: number): Steps<void> {
  const open: readonly ApprovalStatus[] = ["pending", "approved"];
  yield* run("UPDATE approvals SET status = 'cancelled', answered_at = ? WHERE turn_id = ? AND status IN (?, ?)", now, turnId, ...open);
}

export function* endorseEntries({ sessionId, from, to, label, by, now }: Input<"endorseEntries">): Steps<number> {
  const rows = yield* all<{ number: number; label: string }>(
    "SELECT number, label FROM entries WHERE session_id = ? AND number >= ? AND number <= ? ORDER BY number",
    sessionId,
    from,
    to,
  );
  for (const row of rows) {
    // Who may read it stays as it is: only who vouches for it changes.
    const raised: Label = { ...(JSON.parse(row.label) as Label), integrity: label.integrity };
    yield* run("UPDATE entries SET label = ? WHERE session_id = ? AND number = ?", JSON.stringify(raised), sessionId, row.number);
  }
  // What stands in the prompt for older entries is part of what they vouch for.
  const summaries = yield* all<{ to_entry: number; label: string }>(
    "SELECT to_entry, label FROM summaries WHERE session_id = ? AND to_entry < ?",
    sessionId,
    from,
  );
  for (const row of summaries) {
    const raised: Label = { ...(JSON.parse(row.label) as Label), integrity: label.integrity };
    yield* run("UPDATE summaries SET label = ? WHERE session_id = ? AND to_entry = ?", JSON.stringify(raised), sessionId, row.to_entry);
  }
  if (rows.length > 0)
    yield* audit(
      { kind: "label.raised", actor: by, session: sessionId, data: { from, to, entries: rows.length, summaries: summaries.length, to_label: label.integrity } },
      now,
    );
  return rows.length;
}
