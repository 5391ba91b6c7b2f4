import type { ToolCallPart } from "../../core/entry.ts";
import { StoreError } from "../../core/errors.ts";
import { joinLabels, sameLabel, type Label } from "../../core/label.ts";
import type { ToolCallRecord } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import { useApproval } from "./approvals.ts";
import { auditIf } from "./audit.ts";
import { appendEntries } from "./entries.ts";
import { guardLane } from "./leases.ts";
import { toCall, type CallRow } from "./rows/call.ts";
import type { TurnRow } from "./rows/turn.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** Whether a call of the session still waits for its result: then nothing but results may be appended. */
export function* hasOpenCall(sessionId: string): Steps<boolean> {
  return (yield* one("SELECT id FROM tool_calls WHERE session_id = ? AND finished_at IS NULL LIMIT 1", sessionId)) !== undefined;
}

export function* insertCalls(
  turn: Pick<TurnRow, "id" | "session_id" | "steps" | "principal" | "label">,
  calls: readonly (ToolCallPart & { idempotent: boolean })[],
): Steps<void> {
  for (const [position, call] of calls.entries()) {
    yield* run(
      `INSERT INTO tool_calls (session_id, id, turn_id, step, position, name, args, idempotent, status, principal, label)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?)`,
      turn.session_id,
      call.id,
      turn.id,
      turn.steps,
      position,
      call.name,
      JSON.stringify(call.args ?? {}),
      call.idempotent ? 1 : 0,
      turn.principal,
      turn.label,
    );
  }
}

export function* startCall({ fence, callId, approval, audit: event, now }: Input<"startCall">): Steps<void> {
  const sessionId = yield* guardLane(fence);
  yield* auditIf(event, now);
  const used = approval && (yield* useApproval({ sessionId, callId, ...approval, now }));
  if (used?.detached === true) return;
  const changed = yield* run(
    "UPDATE tool_calls SET status = 'started', started_at = ? WHERE session_id = ? AND id = ? AND (status = 'planned' OR (status = 'started' AND idempotent = 1))",
    now,
    sessionId,
    callId,
  );
  if (changed === 0)
    throw new StoreError("call_not_planned", `call ${callId} of session ${sessionId} is not planned`, {
      hint: "Read the ledger again: the call was started before.",
    });
}

export function* finishCall({ fence, callId, status, entry, audit: event, now }: Input<"finishCall">): Steps<{ number: number }> {
  const sessionId = yield* guardLane(fence);
  const call = yield* one<{ turn_id: string }>(
    "UPDATE tool_calls SET status = ?, finished_at = ? WHERE session_id = ? AND id = ? AND status IN ('planned', 'started') RETURNING turn_id",
    status,
    now,
    sessionId,
    callId,
  );
  if (call === undefined)
    throw new StoreError("call_not_open", `call ${callId} of session ${sessionId} has its result or does not exist`, { hint: "Read the ledger again." });
  const [appended] = yield* appendEntries(sessionId, [{ ...entry, turnId: call.turn_id }]);
  yield* lowerLabel(call.turn_id, entry.label);
  yield* auditIf(event, now);
  return { number: appended!.number };
}

/** What a turn has read stays with it, whoever goes on with it. */
function* lowerLabel(turnId: string, label: Label): Steps<void> {
  const turn = yield* one<Pick<TurnRow, "label">>("SELECT label FROM turns WHERE id = ?", turnId);
  if (turn === undefined) return;
  const before = JSON.parse(turn.label) as Label;
  const joined = joinLabels(before, label);
  if (!sameLabel(before, joined)) yield* run("UPDATE turns SET label = ? WHERE id = ?", JSON.stringify(joined), turnId);
}

export function* listCalls({ turnId }: Input<"listCalls">): Steps<ToolCallRecord[]> {
  return (yield* all<CallRow>("SELECT * FROM tool_calls WHERE turn_id = ? ORDER BY step, position", turnId)).map(toCall);
}
