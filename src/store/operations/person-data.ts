/** What is kept of one person, all of it at once: to be handed out, or to be forgotten. */
import { StoreError } from "../../core/errors.ts";
import type { EntryContent } from "../../core/entry.ts";
import type { Operations } from "../../core/store.ts";
import { blobsOf } from "./blob-uses.ts";
import { removeDeliveries } from "./forget.ts";
import { compactionOf } from "./leases.ts";
import { eraseSession } from "./sessions.ts";
import { all, marks, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];
type Kind = Input<"exportPerson">["kind"];

/** In a principal as it is stored. The engines have no common word for "contains". */
const SAID_BY = "replace(principal, ?, '') <> principal";
const SAID_BY_ANOTHER = `replace(principal, ?, '') = principal AND replace(principal, '"class":"system"', '') = principal`;
const needle = (person: string) => `"person":${JSON.stringify(person)}`;

interface Source {
  /** Answers rows with a text `at_key` that pages them, in its order, from the person and the key before. */
  readonly sql: string;
  readonly params: (person: string) => readonly string[];
}

const own = (sql: string): Source => ({ sql, params: (person) => [person] });
const said = (sql: string): Source => ({ sql, params: (person) => [needle(person)] });

const SOURCES: Readonly<Record<Kind, Source>> = {
  identity: own(
    "SELECT channel || ':' || account || ':' || sender_id AS at_key, channel, account, sender_id, name, created_at FROM identities WHERE person_id = ?",
  ),
  pairing: own(
    `SELECT p.id AS at_key, p.channel, p.account, p.sender_id, p.name, p.status, p.created_at FROM pairings p
     JOIN identities i ON i.channel = p.channel AND i.account = p.account AND i.sender_id = p.sender_id WHERE i.person_id = ?`,
  ),
  message: said(`SELECT id AS at_key, channel, account, session_id, body, received_at FROM inbox WHERE ${SAID_BY}`),
  entry: {
    sql: `SELECT e.session_id || ':' || substr('00000000000' || CAST(e.number AS TEXT), -12, 12) AS at_key, s.key AS session, e.number, e.content, e.label, e.at
          FROM entries e JOIN sessions s ON s.id = e.session_id
          WHERE replace(e.principal, ?, '') <> e.principal OR e.turn_id IN (SELECT id FROM turns WHERE ${SAID_BY})`,
    params: (person) => [needle(person), needle(person)],
  },
  delivery: said(
    `SELECT d.id || ':' || CAST(p.number AS TEXT) AS at_key, d.channel, d.account, d.conversation, p.text, p.status, d.created_at FROM deliveries d
     JOIN delivery_parts p ON p.delivery_id = d.id WHERE d.turn_id IN (SELECT id FROM turns WHERE ${SAID_BY})`,
  ),
  memory: own("SELECT id AS at_key, agent, text, integrity, confidentiality, at FROM memories WHERE person = ?"),
  job: own("SELECT id AS at_key, body, enabled, created_at, updated_at FROM jobs WHERE person = ?"),
  approval: said(`SELECT id AS at_key, tool, text, status, asked_at, answered_at FROM approvals WHERE ${SAID_BY}`),
};

/** Columns that hold JSON. */
const JSON_COLUMNS = new Set(["body", "content", "label"]);

export function* exportPerson({ person, kind, after, limit }: Input<"exportPerson">): Steps<Operations["exportPerson"]["output"]> {
  const { sql, params } = SOURCES[kind];
  const rows = yield* all<Record<string, string | number | null>>(
    `SELECT * FROM (${sql}) found WHERE at_key > ? ORDER BY at_key LIMIT ?`,
    ...params(person),
    after ?? "",
    limit,
  );
  const valueOf = (name: string, value: string | number | null) =>
    JSON_COLUMNS.has(name) && typeof value === "string" ? (JSON.parse(value) as unknown) : value;
  const records = rows.map((row) =>
    Object.fromEntries(Object.entries(row).flatMap(([name, value]) => (name === "at_key" ? [] : [[name, valueOf(name, value)]]))),
  );
  return { records, ...(rows.length === limit && { after: String(rows.at(-1)!["at_key"]) }) };
}

/** What stands in the place of words that are gone: the numbers of a transcript have no gap, and no call is without its result. */
const REMOVED: EntryContent = { role: "system", text: "(removed at the wish of the person who was part of it)" };
const NOBODY = JSON.stringify({ person: "removed", class: "system", where: { channel: "web", account: "removed", conversation: "removed" }, direct: false });

export function* purgePerson({ person }: Input<"purgePerson">): Steps<Operations["purgePerson"]["output"]> {
  const by = needle(person);
  const busy = yield* one(`SELECT id FROM turns WHERE ended_at IS NULL AND ${SAID_BY} LIMIT 1`, by);
  if (busy !== undefined)
    throw new StoreError("person_busy", `person ${person} has a turn that has not ended`, {
      hint: "Stop what they are having done, then try again.",
      retryAfterMs: 1000,
    });
  const touched = yield* all<{ id: string }>(
    `SELECT DISTINCT session_id AS id FROM turns WHERE ${SAID_BY} UNION SELECT DISTINCT session_id AS id FROM entries WHERE ${SAID_BY}
     UNION SELECT DISTINCT session_id AS id FROM inbox WHERE ${SAID_BY}`,
    by,
    by,
    by,
  );
  const removed: string[] = [];
  const shared: string[] = [];
  for (const { id } of touched) {
    // Somebody else has said something in it, or something of theirs waits in it; what is in doubt counts as somebody.
    const others =
      (yield* one(
        `SELECT number FROM entries WHERE session_id = ? AND ${SAID_BY_ANOTHER} AND replace(content, '"role":"user"', '') <> content LIMIT 1`,
        id,
        by,
      )) ?? (yield* one(`SELECT id FROM inbox WHERE session_id = ? AND ${SAID_BY_ANOTHER} LIMIT 1`, id, by));
    if (others === undefined) removed.push(id);
    else shared.push(id);
  }
  const blobs = yield* blobsSaid([...removed, ...shared], by);
  const places = yield* all<{ channel: string; account: string; conversation: string }>(
    `SELECT DISTINCT channel, account, conversation FROM deliveries WHERE session_id IN (${marks(Math.max(1, removed.length))})`,
    ...(removed.length > 0 ? removed : [""]),
  );
  const named = yield* noticesNaming(person, removed);
  for (const id of removed) {
    // Helpers that were at work have been stopped with the turn.
    yield* run("DELETE FROM sub_agents WHERE session_id = ?", id);
    yield* eraseSession(id);
  }
  for (const id of shared) yield* removeFrom(id, by);
  yield* removeDeliveries(named);
  // Notices to the place that was theirs alone.
  for (const { channel, account, conversation } of places) {
    const ids = yield* all<{ id: string }>(
      "SELECT id FROM deliveries WHERE session_id IS NULL AND channel = ? AND account = ? AND conversation = ?",
      channel,
      account,
      conversation,
    );
    yield* removeDeliveries(ids.map(({ id }) => id));
  }
  const memories = yield* run("DELETE FROM memories WHERE person = ?", person);
  const jobs = yield* run("DELETE FROM jobs WHERE person = ?", person);
  yield* run("DELETE FROM job_runs WHERE person = ?", person);
  yield* run("DELETE FROM inbox WHERE replace(principal, ?, '') <> principal", by);
  for (const table of ["pairings", "refused_senders"])
    yield* run(
      `DELETE FROM ${table} WHERE EXISTS (SELECT 1 FROM identities i WHERE i.person_id = ? AND i.channel = ${table}.channel AND i.account = ${table}.account AND i.sender_id = ${table}.sender_id)`,
      person,
    );
  const identities = yield* run("DELETE FROM identities WHERE person_id = ?", person);
  let files = 0;
  for (const blob of blobs) {
    const used =
      (yield* one("SELECT number FROM entries WHERE content LIKE ? LIMIT 1", `%"${blob}"%`)) ??
      (yield* one("SELECT id FROM inbox WHERE body LIKE ? LIMIT 1", `%"${blob}"%`));
    if (used !== undefined) continue;
    yield* run("DELETE FROM blob_uses WHERE blob_id = ?", blob);
    yield* run("DELETE FROM loose_blobs WHERE blob_id = ?", blob);
    files += yield* run("DELETE FROM blobs WHERE id = ?", blob);
  }
  return { removedSessions: removed, changedSessions: shared, identities, memories, jobs, files };
}

/** What the owner was told about conversations whose key is the person's own. */
function* noticesNaming(person: string, sessions: readonly string[]): Steps<string[]> {
  const found: string[] = [];
  for (const id of sessions) {
    const { key } = (yield* one<{ key: string }>("SELECT key FROM sessions WHERE id = ?", id)) ?? { key: "" };
    if (!key.split(":").includes(person)) continue;
    const rows = yield* all<{ id: string }>(
      "SELECT DISTINCT d.id FROM deliveries d JOIN delivery_parts p ON p.delivery_id = d.id WHERE d.session_id IS NULL AND replace(p.text, ?, '') <> p.text",
      key,
    );
    found.push(...rows.map((row) => row.id));
  }
  return found;
}

/** Files that stand in what they said. */
function* blobsSaid(sessions: readonly string[], by: string): Steps<string[]> {
  const found = new Set<string>();
  for (const id of sessions) {
    const rows = yield* all<{ content: string }>("SELECT content FROM entries WHERE session_id = ? AND replace(principal, ?, '') <> principal", id, by);
    for (const { content } of rows) for (const blob of blobsOf(JSON.parse(content) as EntryContent)) found.add(blob);
  }
  return [...found];
}

/** Their part of a conversation that others are part of: what they said, and what was answered and done for them. */
function* removeFrom(id: string, by: string): Steps<void> {
  const turns = yield* all<{ id: string }>(`SELECT id FROM turns WHERE session_id = ? AND ${SAID_BY}`, id, by);
  const theirs = `session_id = ? AND (replace(principal, ?, '') <> principal OR turn_id IN (SELECT id FROM turns WHERE session_id = ? AND ${SAID_BY}))`;
  const numbers = yield* all<{ number: number }>(`SELECT number FROM entries WHERE ${theirs}`, id, by, id, by);
  for (const { number } of numbers) {
    yield* run("DELETE FROM said WHERE session_id = ? AND number = ?", id, number);
    yield* run("DELETE FROM blob_uses WHERE session_id = ? AND number = ?", id, number);
    yield* run(
      "UPDATE entries SET content = ?, principal = ?, tokens = 20, message_id = NULL WHERE session_id = ? AND number = ?",
      JSON.stringify(REMOVED),
      NOBODY,
      id,
      number,
    );
  }
  // A summary may hold their words, and so may one that is being written: whoever writes it has lost the right to.
  yield* run("DELETE FROM summaries WHERE session_id = ?", id);
  yield* run("UPDATE leases SET owner = NULL, expires_at = 0 WHERE lease = ?", compactionOf(id));
  for (const { id: turn } of turns) {
    yield* removeDeliveries((yield* all<{ id: string }>("SELECT id FROM deliveries WHERE turn_id = ?", turn)).map((delivery) => delivery.id));
    for (const table of ["tool_calls", "approvals", "sub_agents"]) yield* run(`DELETE FROM ${table} WHERE turn_id = ?`, turn);
    // What it has cost stays: it names nobody any more.
    yield* run("UPDATE turns SET principal = ?, options = '{}', error = NULL WHERE id = ?", NOBODY, turn);
  }
}
