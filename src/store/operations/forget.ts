/** Forgetting by age, in steps: each is one short transaction, so that nobody waits for it. */
import type { EntryContent } from "../../core/entry.ts";
import type { Update } from "../../core/update.ts";
import type { Operations } from "../../core/store.ts";
import { loosenBlobs } from "./blob-uses.ts";
import { compactionOf, laneOf } from "./leases.ts";
import type { EntryRow } from "./rows/entry.ts";
import type { SessionRow } from "./rows/session.ts";
import { all, allWorded, marks, one, run, type Steps } from "./statement.ts";

type Input = Operations["forgetOld"]["input"];

/** Entries, turns, deliveries and inbox rows of one session that one step takes. */
const MAX_STEP = 500;
/** Pages of the word index that are written anew after each round of forgetting. */
const MERGED_PAGES = 1_000;
/**
 * What an entry takes of a disk beside its own text: its row, its part of the turn, of the inbox, of the outbox and of their indexes, bytes; and how often the text itself
 * is there: in the transcript, in the inbox or the outbox (rendered and as payload), for search, in the index of its words, and as room that pages leave empty. The results
 * of tools are there once. Held to real files by test/faults/retention.test.ts.
 */
const AROUND = { bytes: 1_200, copies: 8 } as const;
const DAY_MS = 86_400_000;

export function* forgetOld(input: Input): Steps<Operations["forgetOld"]["output"]> {
  const sessions = yield* all<SessionRow>("SELECT * FROM sessions WHERE id > ? ORDER BY id LIMIT ?", input.after ?? "", input.limit);
  yield* forgetNotices(input);
  let entries = 0;
  let gone = 0;
  let more = false;
  for (const session of sessions) {
    const done = yield* forgetIn(session, input);
    entries += done.entries;
    gone += done.gone ? 1 : 0;
    more ||= done.more;
  }
  const last = sessions.length < input.limit ? undefined : sessions.at(-1)!.id;
  if (last === undefined && !more) yield* shrinkWordIndex();
  return { entries, sessions: gone, more, ...(last !== undefined && { after: last }) };
}

/**
 * SQLite's index keeps what was deleted until the pieces that hold it are merged, which by itself happens so seldom that it outgrows the texts. A small index is merged into
 * one piece (a negative number); in a large one, where that would never be done before new pieces come, two of a size are enough to be merged, and what is not done is gone
 * on with the next time (https://www.sqlite.org/fts5.html#the_merge_command). PostgreSQL does it when it vacuums.
 */
function* shrinkWordIndex(): Steps<void> {
  const [index] = yield* allWorded<{ pages: number }>({
    sqlite: { sql: "SELECT COUNT(*) AS pages FROM (SELECT 1 FROM said_words_data LIMIT ?)", params: [MERGED_PAGES + 1] },
    postgres: { sql: "SELECT 0 AS pages", params: [] },
  });
  const pages = Number(index!.pages);
  if (pages === 0) return;
  const small = [`'merge', -${MERGED_PAGES}`];
  const large = ["'usermerge', 2", `'merge', ${MERGED_PAGES}`];
  for (const command of pages <= MERGED_PAGES ? small : large) yield* run(`INSERT INTO said_words (said_words, rank) VALUES (${command})`);
}

/** Deliveries that belong to no session: notices and what was sent by hand. */
function* forgetNotices({ before }: Input): Steps<void> {
  const old = yield* all<{ id: string }>(
    "SELECT id FROM deliveries WHERE session_id IS NULL AND created_at < ? AND status NOT IN ('open', 'draft') ORDER BY seq LIMIT ?",
    before,
    MAX_STEP,
  );
  yield* removeDeliveries(old.map(({ id }) => id));
}

/** With their parts. */
export function* removeDeliveries(ids: readonly string[]): Steps<void> {
  if (ids.length === 0) return;
  yield* run(`DELETE FROM delivery_parts WHERE delivery_id IN (${marks(ids.length)})`, ...ids);
  yield* run(`DELETE FROM deliveries WHERE id IN (${marks(ids.length)})`, ...ids);
}

function* forgetIn(session: SessionRow, input: Input): Steps<{ entries: number; gone: boolean; more: boolean }> {
  const { id } = session;
  const nothing = { entries: 0, gone: false, more: false };
  const busy =
    (yield* one("SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL LIMIT 1", id)) ??
    (yield* one("SELECT id FROM deliveries WHERE session_id = ? AND status IN ('open', 'draft') LIMIT 1", id)) ??
    (yield* one("SELECT id FROM sub_agents WHERE session_id = ? AND working = 1 LIMIT 1", id));
  if (busy !== undefined) return nothing;
  const entries = yield* forgetEntries(session, input.before);
  const turns = yield* forgetTurns(id, input.before);
  const sent = yield* all<{ id: string }>("SELECT id FROM deliveries WHERE session_id = ? AND created_at < ? LIMIT ?", id, input.before, MAX_STEP);
  yield* removeDeliveries(sent.map((one) => one.id));
  const inbox = yield* forgetInbox(id, input);
  const more = Math.max(entries, turns, sent.length, inbox) >= MAX_STEP;
  return { entries, more, gone: !more && (yield* removeEmpty(session, input.before)) };
}

/** Up to the beginning of an exchange that has something young in it. */
function* forgetEntries(session: SessionRow, before: number): Steps<number> {
  const rows = yield* all<Pick<EntryRow, "number" | "at" | "content">>(
    "SELECT number, at, content FROM entries WHERE session_id = ? ORDER BY number LIMIT ?",
    session.id,
    MAX_STEP + 1,
  );
  const young = rows.findIndex((row) => row.at >= before);
  const old = young < 0 ? rows : rows.slice(0, young + 1);
  const whole = young < 0 && rows.length <= MAX_STEP;
  const end = whole ? old.length : old.findLastIndex((row) => (JSON.parse(row.content) as EntryContent).role === "user");
  if (end <= 0) return 0;
  const upTo = old[end - 1]!.number;
  yield* loosenBlobs(session.id, upTo);
  yield* run("DELETE FROM said WHERE session_id = ? AND number <= ?", session.id, upTo);
  yield* run("DELETE FROM entries WHERE session_id = ? AND number <= ?", session.id, upTo);
  yield* run("UPDATE sessions SET context_start = ? WHERE id = ? AND context_start <= ?", upTo + 1, session.id, upTo);
  // A summary goes by its own age, when nothing of what it stands for is left.
  yield* run("DELETE FROM summaries WHERE session_id = ? AND to_entry <= ? AND at < ?", session.id, upTo, before);
  yield* run("UPDATE sessions SET indexed_entry = ? WHERE id = ? AND indexed_entry < ?", upTo, session.id, upTo);
  return end;
}

/** With their ledger, questions and deliveries. What they have cost stays: it names nobody. */
function* forgetTurns(sessionId: string, before: number): Steps<number> {
  const turns = yield* all<{ id: string }>("SELECT id FROM turns WHERE session_id = ? AND ended_at < ? ORDER BY position LIMIT ?", sessionId, before, MAX_STEP);
  for (const { id } of turns) {
    const sent = yield* all<{ id: string }>("SELECT id FROM deliveries WHERE turn_id = ?", id);
    yield* removeDeliveries(sent.map((one) => one.id));
    for (const table of ["tool_calls", "approvals"]) yield* run(`DELETE FROM ${table} WHERE turn_id = ?`, id);
    yield* run("DELETE FROM sub_agents WHERE turn_id = ? AND working = 0", id);
    yield* run("DELETE FROM turns WHERE id = ?", id);
  }
  return turns.length;
}

/** How a row waits when nothing of it is left but its key. */
const EMPTIED = "emptied";

/** The words go; the key stays as long as somebody may hand the same update in again. */
function* forgetInbox(sessionId: string, { before, keysFrom }: Input): Steps<number> {
  const removed = yield* run("DELETE FROM inbox WHERE session_id = ? AND received_at < ?", sessionId, Math.min(before, keysFrom));
  const rows = yield* all<{ id: string; body: string }>(
    "SELECT id, body FROM inbox WHERE session_id = ? AND received_at < ? AND waits <> ? ORDER BY seq LIMIT ?",
    sessionId,
    before,
    EMPTIED,
    MAX_STEP,
  );
  for (const { id, body } of rows)
    yield* run(
      "UPDATE inbox SET waits = ?, pending = 0, entry = NULL, body = ? WHERE id = ?",
      EMPTIED,
      JSON.stringify(emptied(JSON.parse(body) as Update)),
      id,
    );
  return Math.max(removed, rows.length);
}

function emptied(update: Update): Update {
  const { key, address, sender, direct, at } = update;
  const base = { key, address, sender: { id: sender.id }, direct, at };
  if (update.type === "message") return { ...base, type: "message", messageId: update.messageId, message: { parts: [] }, addressed: update.addressed };
  return { ...base, type: "deletion", messageId: "messageId" in update ? update.messageId : "" };
}

/** Current sessions stay: they are how somebody is reached, and how they want to be answered. */
function* removeEmpty(session: SessionRow, before: number): Steps<boolean> {
  const { id } = session;
  if ((session.ended_at ?? session.archived_at) === null || session.updated_at >= before) return false;
  for (const table of ["entries", "turns", "inbox", "deliveries"])
    if ((yield* one(`SELECT 1 AS left_over FROM ${table} WHERE session_id = ? LIMIT 1`, id)) !== undefined) return false;
  for (const table of ["grants", "summaries", "sub_agents"]) yield* run(`DELETE FROM ${table} WHERE session_id = ?`, id);
  yield* run("DELETE FROM leases WHERE lease IN (?, ?)", laneOf(id), compactionOf(id));
  yield* run("DELETE FROM sessions WHERE id = ?", id);
  return true;
}

export function* measureKept({ after, limit }: Operations["measureKept"]["input"]): Steps<Operations["measureKept"]["output"]> {
  const days = new Map<number, number>();
  const add = (at: number, bytes: number) => days.set(Math.floor(at / DAY_MS), (days.get(Math.floor(at / DAY_MS)) ?? 0) + bytes);
  if (after === undefined) {
    const blobs = yield* all<{ at: number; bytes: number }>(`SELECT MIN(created_at) AS at, SUM(size) AS bytes FROM blobs GROUP BY created_at / ${DAY_MS}`);
    for (const { at, bytes } of blobs) add(at, Number(bytes));
  }
  const rows = yield* all<{ session_id: string; number: number; at: number; bytes: number }>(
    `SELECT session_id, number, at, ${AROUND.bytes} + OCTET_LENGTH(content) * CASE WHEN SUBSTR(content, 1, 14) = '{"role":"tool"' THEN 1 ELSE ${AROUND.copies} END AS bytes
       FROM entries WHERE (session_id, number) > (?, ?) ORDER BY session_id, number LIMIT ?`,
    after?.sessionId ?? "",
    after?.number ?? 0,
    limit,
  );
  for (const { at, bytes } of rows) add(at, Number(bytes));
  const last = rows.length < limit ? undefined : rows.at(-1)!;
  return { days: [...days].map(([day, bytes]) => ({ day, bytes })), ...(last && { after: { sessionId: last.session_id, number: last.number } }) };
}
