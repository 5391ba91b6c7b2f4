/** Deliveries that hang on no session: notices, and copies of events for hooks. Only what they say tells whom they are about. */
import { removeDeliveries } from "./forget.ts";
import { all, type Steps } from "./statement.ts";

export interface Mentioned {
  /** Ids that we have made: of persons, sessions, turns, messages, jobs. */
  readonly ids: ReadonlySet<string>;
  /** Keys of sessions, which stand in events as whole JSON strings. */
  readonly keys: readonly string[];
  /** Ids on platforms, which stand in running text. */
  readonly senders?: readonly string[];
}

const PAGE = 1_000;
const WORDS = /[\w-]{8,}/g;
/** A shorter id of a platform may be any number of a sentence: a notice that is still to be sent is not lost for that. */
const SURE_SENDER = 5;

/** Removes those that say one of these. */
export function* removeMentions({ ids, keys, senders = [] }: Mentioned): Steps<void> {
  const whole = keys.map((key) => JSON.stringify(key));
  const wordOf = (sender: string) => new RegExp(`(?<![\\p{L}\\p{N}_])${RegExp.escape(sender)}(?![\\p{L}\\p{N}_])`, "u");
  const named = senders.map((sender) => ({ word: wordOf(sender), sure: sender.length >= SURE_SENDER }));
  for (let after = 0; ;) {
    const rows = yield* all<{ seq: number; id: string; status: string; said: string }>(
      `SELECT d.seq, d.id, d.status, p.text || p.payload AS said FROM deliveries d JOIN delivery_parts p ON p.delivery_id = d.id
       WHERE d.session_id IS NULL AND d.seq > ? ORDER BY d.seq LIMIT ?`,
      after,
      PAGE,
    );
    const about = rows.filter(
      ({ said, status }) =>
        (said.match(WORDS) ?? []).some((id) => ids.has(id)) ||
        whole.some((key) => said.includes(key)) ||
        named.some(({ word, sure }) => (sure || status !== "open") && word.test(said)),
    );
    yield* removeDeliveries([...new Set(about.map(({ id }) => id))]);
    if (rows.length < PAGE) return;
    // A delivery has few parts: the page ends before the last one, which may be cut, unless it is all of the page.
    const last = rows.at(-1)!.seq;
    after = rows[0]!.seq === last ? last : last - 1;
  }
}

/** What the events of one session name. */
export function* mentionsOf(sessionId: string): Steps<Set<string>> {
  const rows = yield* all<{ id: string }>("SELECT id FROM turns WHERE session_id = ? UNION SELECT id FROM inbox WHERE session_id = ?", sessionId, sessionId);
  return new Set([sessionId, ...rows.map(({ id }) => id)]);
}
