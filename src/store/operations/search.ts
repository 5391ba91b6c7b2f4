/** Full text of transcripts. It is made behind the turns and not by them: a turn costs nothing for it, and what was there before it is found as well. */
import type { EntryContent } from "../../core/entry.ts";
import type { Confidentiality } from "../../core/label.ts";
import type { Sight } from "../../core/memory.ts";
import { messageText } from "../../core/message.ts";
import type { Entry } from "../../core/entry.ts";
import type { Operations } from "../../core/store.ts";
import { ftsQuery, queryWords, tsQuery, wordsOf } from "../../lib/search-text/index.ts";
import { useBlobs } from "./blob-uses.ts";
import { toEntry, type EntryRow } from "./rows/entry.ts";
import { toSession, type SessionRow } from "./rows/session.ts";
import { sessionById } from "./sessions.ts";
import { all, allWorded, run, type Steps, type Value } from "./statement.ts";
import { Where } from "./where.ts";

/** Of one entry, characters of its words. */
const MAX_WORDS = 20_000;
/** Pages of found entries that are looked through for those that may be seen. */
const MAX_PAGES = 20;

export function* indexEntries({ limit }: Operations["indexEntries"]["input"]): Steps<number> {
  const sessions = yield* all<{ id: string }>("SELECT id FROM sessions WHERE indexed_entry < last_entry ORDER BY id LIMIT ?", limit);
  let left = limit;
  for (const { id } of sessions) {
    if (left <= 0) break;
    left -= yield* indexSession({ id }, left);
  }
  return limit - left;
}

/** @returns how many entries were looked at. */
export function* indexSession({ id }: { id: string }, limit: number): Steps<number> {
  const rows = yield* all<Pick<EntryRow, "number" | "content">>(
    "SELECT number, content FROM entries WHERE session_id = ? AND number > (SELECT indexed_entry FROM sessions WHERE id = ?) ORDER BY number LIMIT ?",
    id,
    id,
    limit,
  );
  for (const { number, content: json } of rows) {
    const content = JSON.parse(json) as EntryContent;
    yield* useBlobs(id, number, content);
    const text = wordsOf(textOf(content).slice(0, 4 * MAX_WORDS))
      .join(" ")
      .slice(0, MAX_WORDS);
    if (text !== "") yield* run("INSERT INTO said (session_id, number, text) VALUES (?, ?, ?) ON CONFLICT (session_id, number) DO NOTHING", id, number, text);
  }
  // Fewer than were asked for: what the session counts beyond them is gone.
  if (rows.length < limit) yield* run("UPDATE sessions SET indexed_entry = last_entry WHERE id = ?", id);
  else yield* run("UPDATE sessions SET indexed_entry = ? WHERE id = ?", rows.at(-1)!.number, id);
  return rows.length;
}

/** What people and the assistant have said; what tools answered is not looked for. */
function textOf(content: EntryContent): string {
  if (content.role === "user") return messageText(content.message);
  if (content.role === "assistant") return content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(" ");
  return "";
}

type Input = Operations["searchEntries"]["input"];
type Found = EntryRow & { seq: number };

export function* searchEntries(input: Input): Steps<Operations["searchEntries"]["output"]> {
  const words = queryWords(input.query);
  if (words.length === 0) return [];
  const found: { seq: number; entry: Entry; session: SessionRow }[] = [];
  const sessions = new Map<string, SessionRow>();
  let before = input.before;
  for (let page = 0; page < MAX_PAGES && found.length < input.limit; page += 1) {
    const rows = yield* findPage({ ...input, ...(before !== undefined && { before }) }, words);
    for (const row of rows) {
      const entry = toEntry(row);
      if (found.length >= input.limit || !isSeen(entry.label.confidentiality, input.sight)) continue;
      const session = sessions.get(row.session_id) ?? (yield* sessionById(row.session_id));
      if (session === undefined) continue;
      sessions.set(row.session_id, session);
      found.push({ seq: row.seq, entry, session });
    }
    if (rows.length < pageOf(input)) break;
    before = rows.at(-1)!.seq;
  }
  return found.map(({ seq, entry, session }) => ({ seq, entry, session: toSession(session) }));
}

function pageOf({ limit }: Input): number {
  return Math.max(50, limit);
}

function* findPage(input: Input, words: readonly string[]): Steps<Found[]> {
  const where = new Where()
    .when("w.seq < ?", input.before)
    .when("w.session_id = ?", input.sessionId)
    .when("w.session_id IN (SELECT id FROM sessions WHERE agent = ?)", input.agent);
  const columns = "w.seq, e.session_id, e.number, e.content, e.principal, e.label, e.tokens, e.turn_id, e.message_id, e.at";
  const entry = "JOIN entries e ON e.session_id = w.session_id AND e.number = w.number";
  const end = [...where.params, pageOf(input)] satisfies Value[];
  const and = where.sql.replace(/^WHERE/, "AND");
  return yield* allWorded<Found>({
    sqlite: {
      sql: `SELECT ${columns} FROM said_words JOIN said w ON w.seq = said_words.rowid ${entry} WHERE said_words MATCH ? ${and} ORDER BY said_words.rowid DESC LIMIT ?`,
      params: [ftsQuery(words, "all"), ...end],
    },
    postgres: {
      sql: `SELECT ${columns} FROM said w ${entry} WHERE w.words @@ to_tsquery('simple', ?) ${and} ORDER BY w.seq DESC LIMIT ?`,
      params: [tsQuery(words, "all"), ...end],
    },
  });
}

function isSeen(confidentiality: Confidentiality, sight: Sight): boolean {
  return sight === "private" ? confidentiality !== "SECRET" : sight.includes(confidentiality);
}
