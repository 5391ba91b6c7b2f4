/** Tasks that one turn hands to another: the child's end and the parent's going on are one commit, so that no crash can come between them. */
import { messageText } from "../../core/message.ts";
import type { Entry } from "../../core/entry.ts";
import { joinLabels, type Label } from "../../core/label.ts";
import type { SubAgent, SubAgentStatus, Turn } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import type { SendOptions } from "../../core/update.ts";
import { acceptUpdates } from "./accept.ts";
import { queueSettled } from "./approvals.ts";
import { audit } from "./audit.ts";
import { appendEntries } from "./entries.ts";
import { guardLane } from "./leases.ts";
import { toSubAgent, type SubAgentRow } from "./rows/sub-agent.ts";
import type { TurnRow } from "./rows/turn.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

export function* openSubAgent(input: Input<"openSubAgent">): Steps<Operations["openSubAgent"]["output"]> {
  const { fence, subAgent, item, most, now } = input;
  const sessionId = yield* guardLane(fence);
  const known = yield* one<SubAgentRow>("SELECT * FROM sub_agents WHERE session_id = ? AND call_id = ?", sessionId, subAgent.callId);
  if (known !== undefined) return { kind: "known", subAgent: toSubAgent(known) };
  const working = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM sub_agents WHERE root_id = ? AND working = 1", subAgent.rootId);
  if (working!.count >= most) return { kind: "full" };
  // The lane of the new session is claimed by whoever is woken: nothing of it is needed here.
  yield* acceptUpdates({ items: [{ ...item, claim: false }], now, owner: fence.owner, leaseMs: 0 });
  yield* run(
    `INSERT INTO sub_agents (id, session_id, turn_id, call_id, root_id, depth, child_session, child_turn, status, working, label, begun_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', 1, ?, ?, ?)`,
    subAgent.id,
    sessionId,
    subAgent.turnId,
    subAgent.callId,
    subAgent.rootId,
    subAgent.depth,
    item.session.id,
    subAgent.childTurn,
    JSON.stringify(subAgent.label),
    now,
    subAgent.expiresAt,
  );
  yield* audit(input.audit, now);
  return { kind: "opened", subAgent: toSubAgent((yield* one<SubAgentRow>("SELECT * FROM sub_agents WHERE id = ?", subAgent.id))!) };
}

export function* listSubAgents({ sessionId, turnId, working, limit }: Input<"listSubAgents">): Steps<SubAgent[]> {
  const where = new Where().when("session_id = ?", sessionId).when("turn_id = ?", turnId);
  if (working !== undefined) where.always(working ? "working = 1" : "working = 0");
  return (yield* all<SubAgentRow>(`SELECT * FROM sub_agents ${where.sql} ORDER BY begun_at, id LIMIT ?`, ...where.params, limit)).map(toSubAgent);
}

interface ChildEnd {
  readonly outcome: "done" | "failed" | "cancelled";
  readonly entries: readonly Entry[];
  readonly error: Turn["error"] | undefined;
}

/** In the last commit of a turn: if it works for another one, that one gets its result with it. */
export function* settleChild(turn: TurnRow, { outcome, entries, error }: ChildEnd, now: number): Steps<void> {
  const task = (JSON.parse(turn.options) as SendOptions).task;
  const row = task && (yield* one<SubAgentRow>("SELECT * FROM sub_agents WHERE id = ? AND child_turn = ? AND working = 1", task.id, turn.id));
  if (!row) return;
  const answer = entries.findLast(({ content }) => content.role === "assistant");
  const labels = [JSON.parse(turn.label) as Label, ...(answer ? [answer.label] : [])];
  const result = outcome === "done" && answer ? textOf(answer) : outcome === "failed" ? `It failed: ${error?.message ?? "unknown"}` : "It was stopped.";
  yield* settle(row, { status: outcome, result, label: labels.reduce(joinLabels), working: false }, now);
}

function textOf({ content }: Entry): string {
  if (content.role === "user") return messageText(content.message);
  return content.role === "assistant" ? content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("") : content.text;
}

interface Settled {
  readonly status: Exclude<SubAgentStatus, "open">;
  readonly result: string;
  readonly label?: Label;
  readonly working: boolean;
}

/** The first end counts; afterwards only that the child has come to rest. */
function* settle(row: SubAgentRow, { status, result, label, working }: Settled, now: number): Steps<SubAgent> {
  // Its conversation was deleted: nobody reads the result, and nothing of it is kept.
  const maker = yield* one("SELECT id FROM turns WHERE id = ?", row.turn_id);
  if (maker === undefined && !working) {
    yield* run("DELETE FROM sub_agents WHERE id = ?", row.id);
    return toSubAgent({ ...row, working: 0 });
  }
  if (row.status !== "open") {
    yield* run("UPDATE sub_agents SET working = ? WHERE id = ?", working ? 1 : 0, row.id);
    return toSubAgent({ ...row, working: working ? 1 : 0 });
  }
  const joined = JSON.stringify(label ? joinLabels(JSON.parse(row.label) as Label, label) : JSON.parse(row.label));
  yield* run(
    "UPDATE sub_agents SET status = ?, result = ?, label = ?, working = ?, ended_at = ? WHERE id = ?",
    status,
    result,
    joined,
    working ? 1 : 0,
    now,
    row.id,
  );
  yield* queueSettled(row.turn_id);
  return toSubAgent({ ...row, status, result, label: joined, working: working ? 1 : 0, ended_at: now });
}

type Watched = SubAgentRow & { child_status: Turn["status"] | null; child_ended: number | null; child_label: string | null; parent_ended: number | null };

export function* settleSubAgents({ now }: Input<"settleSubAgents">): Steps<Operations["settleSubAgents"]["output"]> {
  const rows = yield* all<Watched>(
    `SELECT a.*, c.status AS child_status, c.ended_at AS child_ended, c.label AS child_label, CASE WHEN p.id IS NULL THEN 0 ELSE p.ended_at END AS parent_ended
     FROM sub_agents a LEFT JOIN turns c ON c.id = a.child_turn LEFT JOIN turns p ON p.id = a.turn_id WHERE a.working = 1 ORDER BY a.begun_at, a.id`,
  );
  const settled: SubAgent[] = [];
  const stop: string[] = [];
  for (const row of rows) {
    const before = row.status;
    const after = yield* look(row, now);
    if (after === undefined) continue;
    if (before === "open") settled.push(after);
    if (after.working) stop.push(after.childSession);
  }
  return { settled, stop };
}

/** @returns what became of it, undefined while it works as it should. */
function* look(row: Watched, now: number): Steps<SubAgent | undefined> {
  const { child_status: child, child_ended: ended, child_label: label, ...plain } = row;
  const known = label === null ? {} : { label: JSON.parse(label) as Label };
  if (child === null) return yield* settle(plain, { status: "cancelled", result: "Its conversation was deleted.", working: false }, now);
  if (ended !== null) {
    const status = child === "failed" ? "failed" : "cancelled";
    return yield* settle(plain, { status, result: status === "failed" ? "It failed." : "It was stopped.", ...known, working: false }, now);
  }
  if (row.parent_ended !== null) return yield* settle(plain, { status: "cancelled", result: "It was stopped.", working: true }, now);
  if (row.expires_at <= now) return yield* settle(plain, { status: "expired", result: "It took too long and was stopped.", ...known, working: true }, now);
  return row.status === "open" ? undefined : toSubAgent(plain);
}

export function* tellSubAgent({ fence, id, entry, now }: Input<"tellSubAgent">): Steps<boolean> {
  const sessionId = yield* guardLane(fence);
  const changed = yield* run("UPDATE sub_agents SET told_at = ? WHERE id = ? AND session_id = ? AND detached = 1 AND told_at IS NULL", now, id, sessionId);
  if (changed === 0) return false;
  yield* appendEntries(sessionId, [entry]);
  return true;
}
