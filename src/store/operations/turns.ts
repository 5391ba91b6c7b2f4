import { joinLabels, type Label } from "../../core/label.ts";
import type { Fence, Turn, TurnStatus } from "../../core/records.ts";
import type { Operations, StartedTurn } from "../../core/store.ts";
import { hasOpenCall } from "./calls.ts";
import { appendEntries } from "./entries.ts";
import { takePending, type AdmittedItem } from "./inbox.ts";
import { takeNotes } from "./notes.ts";
import { guard, keepLease, laneOf, takeLease } from "./leases.ts";
import { toSession, type SessionRow } from "./rows/session.ts";
import { toTurn, type TurnRow, type TurnWithSession } from "./rows/turn.ts";
import { sessionById } from "./sessions.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { closeWaitingCalls } from "./waiting.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

type TurnSeed = Pick<AdmittedItem, "turnId" | "principal" | "label" | "address" | "replyTo" | "options" | "notBefore">;

/** @param place.position place in the session's order: the inbox number of its first message. */
export function* insertTurn(seed: TurnSeed, place: { sessionId: string; position: number; now: number }): Steps<TurnRow> {
  const row: TurnRow = {
    id: seed.turnId,
    session_id: place.sessionId,
    position: place.position,
    status: "queued",
    principal: JSON.stringify(seed.principal),
    label: JSON.stringify(seed.label),
    address: JSON.stringify(seed.address),
    reply_to: seed.replyTo ?? null,
    options: JSON.stringify(seed.options),
    attempts: 0,
    steps: 0,
    not_before: seed.notBefore,
    outage_since: null,
    outage_told: 0,
    draft_id: null,
    error: null,
    input: 0,
    output: 0,
    cache_read: 0,
    cache_write: 0,
    answer_entry: null,
    superseded_by: null,
    said_entry: null,
    created_at: place.now,
    started_at: null,
    ended_at: null,
  };
  yield* run(
    `INSERT INTO turns (id, session_id, position, status, principal, label, address, reply_to, options, not_before, created_at)
     VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.session_id,
    row.position,
    row.principal,
    row.label,
    row.address,
    row.reply_to,
    row.options,
    row.not_before,
    row.created_at,
  );
  return row;
}

/** A message joins an open turn: a batch waits anew and answers its newest message; a running turn only learns the label. */
export function* joinTurn(turn: Pick<TurnRow, "id" | "status" | "label">, item: AdmittedItem): Steps<void> {
  const label = JSON.stringify(joinLabels(JSON.parse(turn.label) as Label, item.label));
  if (turn.status === "queued")
    yield* run("UPDATE turns SET label = ?, not_before = ?, reply_to = ? WHERE id = ?", label, item.notBefore, item.replyTo ?? null, turn.id);
  else if (label !== turn.label) yield* run("UPDATE turns SET label = ? WHERE id = ?", label, turn.id);
}

/**
 * What startTurn would start: a started one first (it holds up its session until it is due), else the oldest one that is due. Of several started ones (others have waited
 * for the owner) first what a dead process left running, then the one whose call still has no result: nothing may come between the two.
 */
export function* nextTurn(sessionId: string, now: number): Steps<TurnRow | undefined> {
  const row = yield* one<TurnRow>(
    `SELECT * FROM turns WHERE session_id = ? AND ended_at IS NULL AND status IN ('queued', 'running') AND (started_at IS NOT NULL OR not_before <= ?)
     ORDER BY CASE WHEN started_at IS NULL THEN 3 WHEN status = 'running' THEN 0 WHEN EXISTS (SELECT 1 FROM tool_calls c
       WHERE c.session_id = turns.session_id AND c.turn_id = turns.id AND c.finished_at IS NULL) THEN 1 ELSE 2 END, position LIMIT 1`,
    sessionId,
    now,
  );
  return row === undefined || (row.status === "queued" && row.not_before > now) ? undefined : row;
}

/** The caller has the lane. Entries are appended only where no call waits for its result; what cannot be appended now is steering and waits for a step. */
export function* beginTurn(row: TurnRow, session: SessionRow, fence: Fence, now: number): Steps<StartedTurn> {
  const resumed = row.started_at !== null;
  const started: TurnRow = { ...row, status: "running", attempts: row.attempts + 1, started_at: row.started_at ?? now };
  yield* run("UPDATE turns SET status = 'running', attempts = ?, started_at = ? WHERE id = ?", started.attempts, started.started_at, row.id);
  // Of others that wait; its own calls, if it has any, are about to get their results.
  const closed = yield* closeWaitingCalls(session.id, { now });
  const blocked = resumed && (yield* hasOpenCall(session.id));
  const taken = blocked ? [] : yield* appendEntries(session.id, [...(yield* takeNotes(session)), ...(yield* takePending(session.id, row.id, true))]);
  const entries = [...closed, ...taken];
  const last_entry = entries.at(-1)?.number ?? session.last_entry;
  return { turn: toTurn(started, session), session: toSession({ ...session, last_entry, updated_at: now }), fence, resumed, entries };
}

export function* startTurn({ sessionId, owner, now, leaseMs, held }: Input<"startTurn">): Steps<StartedTurn | undefined> {
  if (held !== undefined) yield* guard(held);
  const turn = yield* nextTurn(sessionId, now);
  const session = turn && (yield* sessionById(sessionId));
  if (session === undefined) return undefined;
  const fence = held?.lease === laneOf(sessionId) ? held : yield* takeLease(laneOf(sessionId), owner, now, leaseMs);
  if (fence === undefined) return undefined;
  if (fence === held) yield* keepLease(held, now, leaseMs);
  return yield* beginTurn(turn!, session, fence, now);
}

/** A session whose started turn waits is not due, whatever else it has queued. */
export function* dueLanes({ now, limit }: Input<"dueLanes">): Steps<Operations["dueLanes"]["output"]> {
  const rows = yield* all<{ session_id: string; not_before: number; abandoned: number }>(
    // The sessions first, of which there are few, then what each of them is asked: asked of every waiting turn, ten thousand of them would take a second.
    `SELECT d.session_id, d.not_before, d.abandoned FROM (
       SELECT session_id, MIN(not_before) AS not_before, MAX(CASE WHEN status = 'running' THEN attempts ELSE 0 END) AS abandoned FROM turns
       WHERE ended_at IS NULL AND (status = 'running' OR (status = 'queued' AND not_before <= ?)) GROUP BY session_id
     ) d LEFT JOIN leases l ON l.lease = 'lane:' || d.session_id
     WHERE (l.owner IS NULL OR l.expires_at <= ?)
       AND NOT EXISTS (SELECT 1 FROM turns f WHERE f.session_id = d.session_id AND f.ended_at IS NULL AND f.status = 'queued' AND f.started_at IS NOT NULL AND f.not_before > ?)
     ORDER BY 2, 1 LIMIT ?`,
    now,
    now,
    now,
    limit,
  );
  return rows.map((row) => ({ sessionId: row.session_id, notBefore: row.not_before, abandoned: row.abandoned }));
}

export function* nextDue({ now }: Input<"nextDue">): Steps<number | undefined> {
  const row = yield* one<{ at: number | null }>("SELECT MIN(not_before) AS at FROM turns WHERE ended_at IS NULL AND status = 'queued' AND not_before > ?", now);
  return row?.at ?? undefined;
}

/** While a call waits for its result nothing may be appended: the messages then wait like context. */
export function* cancelQueued({ sessionId, turnId, now }: Input<"cancelQueued">): Steps<{ turnIds: string[] }> {
  const one = turnId === undefined ? [] : [turnId];
  const rows = yield* all<{ id: string }>(
    `SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL AND status = 'queued' AND started_at IS NULL${turnId === undefined ? "" : " AND id = ?"} ORDER BY position`,
    sessionId,
    ...one,
  );
  const blocked = rows.length > 0 && (yield* hasOpenCall(sessionId));
  for (const { id } of rows) {
    yield* run("UPDATE turns SET status = 'cancelled', ended_at = ? WHERE id = ?", now, id);
    if (blocked) yield* run("UPDATE inbox SET waits = 'context' WHERE session_id = ? AND pending = 1 AND turn_id = ?", sessionId, id);
    else yield* appendEntries(sessionId, yield* takePending(sessionId, id, false));
  }
  return { turnIds: rows.map((row) => row.id) };
}

const WITH_SESSION = "SELECT t.*, s.key AS session_key, s.agent AS agent FROM turns t JOIN sessions s ON s.id = t.session_id";

export function* getTurn({ id }: Input<"getTurn">): Steps<Turn | undefined> {
  const row = yield* one<TurnWithSession>(`${WITH_SESSION} WHERE t.id = ?`, id);
  return row && toTurn(row, { key: row.session_key, agent: row.agent });
}

/** Follows the turns that took over from each other. */
export function* turnOfMessage({ messageId }: Input<"turnOfMessage">): Steps<Turn | undefined> {
  const message = yield* one<{ turn_id: string | null }>("SELECT turn_id FROM inbox WHERE id = ?", messageId);
  let turn = message === undefined || message.turn_id === null ? undefined : yield* getTurn({ id: message.turn_id });
  const seen = new Set<string>();
  while (turn?.supersededBy !== undefined && !seen.has(turn.id)) {
    seen.add(turn.id);
    const next: Turn | undefined = yield* getTurn({ id: turn.supersededBy });
    if (next === undefined) break;
    turn = next;
  }
  return turn;
}

const OPEN: ReadonlySet<TurnStatus> = new Set<TurnStatus>(["queued", "running", "waiting"]);

/** Newest first. */
export function* listTurns({ sessionId, statuses, limit }: Input<"listTurns">): Steps<Turn[]> {
  const where = new Where().when("t.session_id = ?", sessionId).whenIn("t.status", statuses);
  // Said in the words of the index of open turns.
  if (statuses?.every((status) => OPEN.has(status))) where.always("t.ended_at IS NULL");
  const rows = yield* all<TurnWithSession>(`${WITH_SESSION} ${where.sql} ORDER BY t.position DESC, t.id DESC LIMIT ?`, ...where.params, limit);
  return rows.map((row) => toTurn(row, { key: row.session_key, agent: row.agent }));
}
