/** Turns that wait for the owner: without lease, without timer; their open calls may be closed by what comes meanwhile. */
import type { Entry } from "../../core/entry.ts";
import { joinLabels, type Label } from "../../core/label.ts";
import type { Operations, StartedTurn } from "../../core/store.ts";
import { cancelApprovals, isAsking } from "./approvals.ts";
import { auditIf } from "./audit.ts";
import { appendEntries } from "./entries.ts";
import { releaseLease } from "./leases.ts";
import { commitDeliveries } from "./outbox.ts";
import type { TurnRow } from "./rows/turn.ts";
import { all, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** @param next starts the lane's next turn, keeping the lease. */
export function* suspend(
  turn: TurnRow,
  { fence, deliveries, now }: Input<"suspendTurn">,
  next: () => Steps<StartedTurn | undefined>,
): Steps<Omit<Operations["suspendTurn"]["output"], "moved">> {
  const waiting = yield* isAsking(turn.id);
  yield* commitDeliveries(turn, deliveries, now);
  yield* run(
    `UPDATE turns SET status = ?, not_before = 0, attempts = ?, draft_id = NULL, said_entry = (SELECT last_entry FROM sessions WHERE id = turns.session_id) WHERE id = ?`,
    waiting ? "waiting" : "queued",
    Math.max(0, turn.attempts - 1),
    turn.id,
  );
  const started = yield* next();
  if (started === undefined) yield* releaseLease({ fence });
  return { waiting, ...(started && { next: started }) };
}

interface OpenCall {
  id: string;
  turn_id: string;
  name: string;
  principal: string;
  label: string;
  turn_label: string;
  code: string | null;
  sub_agent: string | null;
}

const NOT_RUN = "Not run: an earlier call of the same step waits for the owner.";

/**
 * Gives the open calls of waiting turns a result, because something else is about to be written behind them. Their approvals stay: the answer will come as a note.
 * @param text the result; default: that the owner has not answered yet.
 * @returns the entries that were written.
 */
export function* closeWaitingCalls(sessionId: string, { turnId, text, now }: { turnId?: string; text?: string; now: number }): Steps<Entry[]> {
  const where = new Where().when("c.session_id = ?", sessionId).when("c.turn_id = ?", turnId).always("c.finished_at IS NULL AND t.status = 'waiting'");
  const open = yield* all<OpenCall>(
    `SELECT c.id, c.turn_id, c.name, c.principal, c.label, t.label AS turn_label, a.code, s.id AS sub_agent FROM tool_calls c JOIN turns t ON t.id = c.turn_id
     LEFT JOIN approvals a ON a.session_id = c.session_id AND a.call_id = c.id
     LEFT JOIN sub_agents s ON s.session_id = c.session_id AND s.call_id = c.id ${where.sql} ORDER BY c.step, c.position`,
    ...where.params,
  );
  const closed: Entry[] = [];
  for (const call of open) {
    const result = text ?? resultOf(call);
    yield* run("UPDATE tool_calls SET status = 'finished', finished_at = ? WHERE session_id = ? AND id = ?", now, sessionId, call.id);
    if (call.sub_agent !== null) yield* run("UPDATE sub_agents SET detached = 1 WHERE id = ?", call.sub_agent);
    else yield* run("UPDATE approvals SET detached = 1 WHERE session_id = ? AND call_id = ?", sessionId, call.id);
    const entry = {
      content: { role: "tool" as const, callId: call.id, name: call.name, text: result, error: true },
      principal: JSON.parse(call.principal),
      label: joinLabels(JSON.parse(call.label) as Label, JSON.parse(call.turn_label) as Label),
      tokens: 20 + Math.ceil(result.length / 3),
      turnId: call.turn_id,
      at: now,
    };
    closed.push(...(yield* appendEntries(sessionId, [entry])));
  }
  return closed;
}

function resultOf({ code, sub_agent: subAgent }: OpenCall): string {
  if (subAgent !== null) return "Still at work. The result will come as a note; do not ask for the same again.";
  return code === null ? NOT_RUN : `Still waiting for the owner (${code}). The answer will come as a note; do not ask for the same again.`;
}

export function* cancelWaiting({ sessionId, turnId, text, audit: event, now }: Input<"cancelWaiting">): Steps<{ turnIds: string[] }> {
  const where = new Where().when("session_id = ?", sessionId).when("id = ?", turnId).always("status = 'waiting'");
  const turns = yield* all<{ id: string; session_id: string }>(`SELECT id, session_id FROM turns ${where.sql} ORDER BY position`, ...where.params);
  for (const turn of turns) {
    yield* closeWaitingCalls(turn.session_id, { turnId: turn.id, text, now });
    yield* cancelApprovals(turn.id, now);
    yield* run("UPDATE turns SET status = 'cancelled', ended_at = ? WHERE id = ?", now, turn.id);
  }
  if (turns.length > 0) yield* auditIf(event, now);
  return { turnIds: turns.map((turn) => turn.id) };
}
