import { StoreError } from "../../core/errors.ts";
import type { Session, SessionSettings } from "../../core/records.ts";
import type { NewSession, Operations } from "../../core/store.ts";
import { loosenBlobs } from "./blob-uses.ts";
import { compactionOf, laneOf } from "./leases.ts";
import { mentionsOf, removeMentions } from "./mentions.ts";
import { jsonOrNull } from "./rows/column.ts";
import { toSession, type SessionRow } from "./rows/session.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

export function* sessionById(id: string): Steps<SessionRow | undefined> {
  return yield* one<SessionRow>("SELECT * FROM sessions WHERE id = ?", id);
}

export function* currentSession(key: string): Steps<SessionRow | undefined> {
  return yield* one<SessionRow>("SELECT * FROM sessions WHERE key = ? AND ended_at IS NULL", key);
}

export function* insertSession(session: NewSession, now: number, inherited: { settings?: SessionSettings; address?: string | null } = {}): Steps<SessionRow> {
  const row: SessionRow = {
    id: session.id,
    key: session.key,
    agent: session.agent,
    settings: JSON.stringify(inherited.settings ?? {}),
    address: inherited.address ?? null,
    last_entry: 0,
    context_start: 1,
    trimmed_to: 0,
    created_at: now,
    updated_at: now,
    ended_at: null,
    archived_at: null,
    said_at: null,
  };
  yield* run(
    "INSERT INTO sessions (id, key, agent, settings, address, last_entry, context_start, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 0, 1, ?, ?)",
    row.id,
    row.key,
    row.agent,
    row.settings,
    row.address,
    now,
    now,
  );
  return row;
}

export function* getSession({ key, id }: Input<"getSession">): Steps<Session | undefined> {
  if (id !== undefined) {
    const row = yield* sessionById(id);
    return row && (key === undefined || row.key === key) ? toSession(row) : undefined;
  }
  const row = key === undefined ? undefined : yield* currentSession(key);
  return row && toSession(row);
}

export function* listSessions({ agent, ended, archived, before, beforeId, limit }: Input<"listSessions">): Steps<Session[]> {
  const where = new Where().when("agent = ?", agent);
  if (beforeId === undefined) where.when("updated_at < ?", before);
  else where.when("(updated_at, id) < (?, ?)", before, beforeId);
  if (archived !== undefined) where.always(archived ? "archived_at IS NOT NULL" : "archived_at IS NULL");
  if (ended !== undefined) where.always(ended ? "ended_at IS NOT NULL" : "ended_at IS NULL");
  const rows = yield* all<SessionRow>(`SELECT * FROM sessions ${where.sql} ORDER BY updated_at DESC, id DESC LIMIT ?`, ...where.params, limit);
  return rows.map(toSession);
}

export function* createSession({ session, settings, now }: Input<"createSession">): Steps<{ session: Session; created: boolean }> {
  const current = yield* currentSession(session.key);
  if (current !== undefined) return { session: toSession(current), created: false };
  return { session: toSession(yield* insertSession(session, now, settings === undefined ? {} : { settings })), created: true };
}

export function* patchSession({ id, settings, now }: Input<"patchSession">): Steps<Session | undefined> {
  const row = yield* sessionById(id);
  if (row === undefined) return undefined;
  const merged: Record<string, unknown> = JSON.parse(row.settings);
  for (const [name, value] of Object.entries(settings)) {
    if (value === null) delete merged[name];
    else if (value !== undefined) merged[name] = value;
  }
  const text = JSON.stringify(merged);
  yield* run("UPDATE sessions SET settings = ?, updated_at = ? WHERE id = ?", text, now, id);
  return toSession({ ...row, settings: text, updated_at: now });
}

export function* archiveSession({ id, archived, now }: Input<"archiveSession">): Steps<Session | undefined> {
  const row = yield* sessionById(id);
  if (row === undefined) return undefined;
  const at = archived ? (row.archived_at ?? now) : null;
  yield* run("UPDATE sessions SET archived_at = ? WHERE id = ?", at, id);
  return toSession({ ...row, archived_at: at });
}

export function* resetSession({ session, now }: Input<"resetSession">): Steps<{ session: Session; ended?: string }> {
  const old = yield* currentSession(session.key);
  if (old === undefined) return { session: toSession(yield* insertSession(session, now)) };
  // Run again after its own commit: the successor already stands.
  if (old.id === session.id) return { session: toSession(old) };
  return { session: toSession(yield* succeed(old, session, now)), ended: old.id };
}

/** Turns that were never started move; one that waits with entries in the old transcript is finished there, and one that runs is not cut. */
export function* succeed(old: SessionRow, session: NewSession, now: number): Steps<SessionRow> {
  yield* run("UPDATE sessions SET ended_at = ?, updated_at = ? WHERE id = ?", now, now, old.id);
  const next = yield* insertSession(session, now, { settings: JSON.parse(old.settings) as SessionSettings, address: old.address });
  const unstarted = "SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL AND status = 'queued' AND started_at IS NULL";
  yield* run(`UPDATE inbox SET session_id = ? WHERE session_id = ? AND pending = 1 AND turn_id IN (${unstarted})`, next.id, old.id, old.id);
  yield* run("UPDATE turns SET session_id = ? WHERE session_id = ? AND ended_at IS NULL AND status = 'queued' AND started_at IS NULL", next.id, old.id);
  return next;
}

export function* deleteSession({ id }: Input<"deleteSession">): Steps<boolean> {
  if ((yield* sessionById(id)) === undefined) return false;
  const running = yield* one("SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL AND status = 'running' LIMIT 1", id);
  const open = yield* one("SELECT id FROM deliveries WHERE session_id = ? AND status = 'open' LIMIT 1", id);
  if (running !== undefined || open !== undefined) {
    throw new StoreError("session_busy", `session ${id} has ${running === undefined ? "open deliveries" : "a running turn"}`, {
      hint: "Stop its turn and wait until its messages are delivered, then delete it.",
      retryAfterMs: 1000,
    });
  }
  // Its key may have a successor, whose events are not meant.
  yield* removeMentions({ ids: yield* mentionsOf(id), keys: [] });
  yield* eraseSession(id);
  return true;
}

/** With everything that hangs on it, whatever state it is in. Its files stay until it is known that nobody else has them. */
export function* eraseSession(id: string): Steps<void> {
  yield* loosenBlobs(id);
  yield* run("DELETE FROM delivery_parts WHERE delivery_id IN (SELECT id FROM deliveries WHERE session_id = ?)", id);
  yield* run("DELETE FROM usage_by_turn WHERE turn_id IN (SELECT id FROM turns WHERE session_id = ?)", id);
  for (const table of ["deliveries", "grants", "approvals", "summaries", "tool_calls", "said", "entries", "inbox", "turns"])
    yield* run(`DELETE FROM ${table} WHERE session_id = ?`, id);
  // Those at work are stopped first, and then go.
  yield* run("DELETE FROM sub_agents WHERE session_id = ? AND working = 0", id);
  yield* run("DELETE FROM leases WHERE lease IN (?, ?)", laneOf(id), compactionOf(id));
  yield* run("DELETE FROM sessions WHERE id = ?", id);
}

export function* moveContextStart({ sessionId, contextStart }: Input<"moveContextStart">): Steps<void> {
  yield* run("UPDATE sessions SET context_start = ? WHERE id = ? AND context_start < ?", contextStart, sessionId, contextStart);
}

interface Touch {
  /** The place of the last admitted message. */
  readonly address: object | undefined;
  /** Something was said in it: it is not put away any more. */
  readonly talk: boolean;
  /** By a person, not by a job. */
  readonly said: boolean;
  readonly now: number;
}

/** Something happened in the session. */
export function* touchSession(row: SessionRow, { address, talk, said, now }: Touch): Steps<SessionRow> {
  const touched: SessionRow = {
    ...row,
    address: address === undefined ? row.address : jsonOrNull(address),
    updated_at: now,
    said_at: said ? now : row.said_at,
    archived_at: talk ? null : row.archived_at,
  };
  yield* run(
    "UPDATE sessions SET address = ?, updated_at = ?, said_at = ?, archived_at = ? WHERE id = ?",
    touched.address,
    now,
    touched.said_at,
    touched.archived_at,
    row.id,
  );
  return touched;
}
