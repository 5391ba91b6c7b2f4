import type { Confidentiality, Integrity } from "../../core/label.ts";
import type { Memory, Sight } from "../../core/memory.ts";
import type { Operations } from "../../core/store.ts";
import { ftsQuery, likeness, queryWords, tsQuery } from "../../lib/search-text/index.ts";
import { all, allWorded, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** What one agent remembers at the most. */
const MAX_MEMORIES = 10_000;
/** The newest ones are compared by spelling when words alone find too little. */
const MAX_COMPARED = 2_000;
/** Share of common trigrams from which a memory counts as found. */
const LIKE_ENOUGH = 0.5;

interface MemoryRow {
  id: string;
  agent: string;
  person: string;
  text: string;
  integrity: Integrity;
  confidentiality: Confidentiality;
  session_id: string;
  at: number;
}

const COLUMNS = "m.id, m.agent, m.person, m.text, m.integrity, m.confidentiality, m.session_id, m.at";

export function* saveMemory({ memory }: Input<"saveMemory">): Steps<"saved" | "known" | "full"> {
  const { id, agent, person, text, label, sessionId, at } = memory;
  const same = yield* one(
    "SELECT id FROM memories WHERE agent = ? AND person = ? AND text = ? AND confidentiality = ? AND integrity = ?",
    agent,
    person,
    text,
    label.confidentiality,
    label.integrity,
  );
  if (same !== undefined) return "known";
  const { count } = (yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM memories WHERE agent = ?", agent))!;
  if (count >= MAX_MEMORIES) return "full";
  yield* run(
    "INSERT INTO memories (id, agent, person, text, integrity, confidentiality, session_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    id,
    agent,
    person,
    text,
    label.integrity,
    label.confidentiality,
    sessionId,
    at,
  );
  return "saved";
}

export function* searchMemories({ agent, sight, query, limit }: Input<"searchMemories">): Steps<Memory[]> {
  const words = queryWords(query);
  if (words.length === 0) return [];
  const where = within(agent, sight);
  const found = yield* allWorded<MemoryRow>({
    sqlite: {
      sql: `SELECT ${COLUMNS} FROM memories_words JOIN memories m ON m.seq = memories_words.rowid ${where.sql} AND memories_words MATCH ?
        ORDER BY memories_words.rank, m.seq DESC LIMIT ?`,
      params: [...where.params, ftsQuery(words), limit],
    },
    postgres: {
      sql: `SELECT ${COLUMNS} FROM memories m ${where.sql} AND m.words @@ to_tsquery('simple', ?)
        ORDER BY ts_rank(m.words, to_tsquery('simple', ?)) DESC, m.seq DESC LIMIT ?`,
      params: [...where.params, tsQuery(words), tsQuery(words), limit],
    },
  });
  if (found.length >= limit) return found.map(toMemory);
  return [...found, ...(yield* alike(words, { where, limit, found }))].slice(0, limit).map(toMemory);
}

/** What is spelled like the query and was not found by its words. */
function* alike(words: readonly string[], { where, limit, found }: { where: Where; limit: number; found: readonly MemoryRow[] }): Steps<MemoryRow[]> {
  const known = new Set(found.map((row) => row.id));
  const newest = yield* all<MemoryRow>(`SELECT ${COLUMNS} FROM memories m ${where.sql} ORDER BY m.seq DESC LIMIT ?`, ...where.params, MAX_COMPARED);
  return newest
    .filter((row) => !known.has(row.id))
    .map((row) => ({ row, like: likeness(words.join(" "), row.text) }))
    .filter(({ like }) => like >= LIKE_ENOUGH)
    .toSorted((a, b) => b.like - a.like)
    .slice(0, limit)
    .map(({ row }) => row);
}

export function* listMemories({ agent, sight, before, limit }: Input<"listMemories">): Steps<Memory[]> {
  const where = within(agent, sight).when("m.seq < (SELECT seq FROM memories WHERE id = ?)", before);
  return (yield* all<MemoryRow>(`SELECT ${COLUMNS} FROM memories m ${where.sql} ORDER BY m.seq DESC LIMIT ?`, ...where.params, limit)).map(toMemory);
}

export function* getMemories({ agent, sight, ids }: Input<"getMemories">): Steps<Memory[]> {
  const where = within(agent, sight).whenIn("m.id", ids);
  const rows = yield* all<MemoryRow>(`SELECT ${COLUMNS} FROM memories m ${where.sql}`, ...where.params);
  return rows.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)).map(toMemory);
}

export function* memoriesToEmbed({ model, limit }: Input<"memoriesToEmbed">): Steps<{ id: string; text: string }[]> {
  return yield* all(
    "SELECT id, text FROM memories WHERE (vector_model IS NULL OR vector_model <> ?) AND confidentiality <> 'SECRET' ORDER BY seq DESC LIMIT ?",
    model,
    limit,
  );
}

export function* setMemoryVector({ id, model, vector }: Input<"setMemoryVector">): Steps<void> {
  yield* run("UPDATE memories SET vector = ?, vector_model = ? WHERE id = ?", vector ?? null, model, id);
}

export function* readMemoryVectors({ agent, sight, model, before, limit }: Input<"readMemoryVectors">): Steps<{ id: string; vector: Uint8Array }[]> {
  const where = within(agent, sight)
    .when("m.vector_model = ?", model)
    .always("m.vector IS NOT NULL")
    .when("m.seq < (SELECT seq FROM memories WHERE id = ?)", before);
  return yield* all(`SELECT m.id, m.vector FROM memories m ${where.sql} ORDER BY m.seq DESC LIMIT ?`, ...where.params, limit);
}

export function* forgetMemory({ id, agent, sight, person }: Input<"forgetMemory">): Steps<boolean> {
  const where = within(agent, sight).when("m.id = ?", id).when("m.person = ?", person);
  return (yield* run(`DELETE FROM memories WHERE seq IN (SELECT m.seq FROM memories m ${where.sql})`, ...where.params)) > 0;
}

function within(agent: string, sight: Sight): Where {
  const where = new Where().when("m.agent = ?", agent);
  return sight === "private" ? where.always("m.confidentiality <> 'SECRET'") : where.whenIn("m.confidentiality", sight);
}

function toMemory({ session_id, integrity, confidentiality, ...row }: MemoryRow): Memory {
  return { ...row, label: { integrity, confidentiality }, sessionId: session_id };
}
