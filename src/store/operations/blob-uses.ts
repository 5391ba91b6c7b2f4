/** Which entries have which media, so that what nobody has any more can go. */
import type { EntryContent } from "../../core/entry.ts";
import { all, run, type Steps } from "./statement.ts";

/** Media of an entry that are bytes of ours. */
export function blobsOf(content: EntryContent): string[] {
  if (content.role !== "user") return [];
  return content.message.parts.flatMap((part) => (part.type === "media" && part.media.blob !== undefined ? [part.media.blob] : []));
}

export function* useBlobs(sessionId: string, number: number, content: EntryContent): Steps<void> {
  for (const blob of new Set(blobsOf(content)))
    yield* run(
      "INSERT INTO blob_uses (session_id, number, blob_id) VALUES (?, ?, ?) ON CONFLICT (session_id, number, blob_id) DO NOTHING",
      sessionId,
      number,
      blob,
    );
}

/** The entries up to `upTo`, or all of them, are about to go: their media may be nobody's then. */
export function* loosenBlobs(sessionId: string, upTo = Number.MAX_SAFE_INTEGER): Steps<void> {
  const unseen = yield* all<{ number: number; content: string }>(
    "SELECT number, content FROM entries WHERE session_id = ? AND number <= ? AND number > (SELECT indexed_entry FROM sessions WHERE id = ?)",
    sessionId,
    upTo,
    sessionId,
  );
  for (const { number, content } of unseen) yield* useBlobs(sessionId, number, JSON.parse(content) as EntryContent);
  yield* run(
    "INSERT INTO loose_blobs (blob_id) SELECT DISTINCT blob_id FROM blob_uses WHERE session_id = ? AND number <= ? ON CONFLICT (blob_id) DO NOTHING",
    sessionId,
    upTo,
  );
  yield* run("DELETE FROM blob_uses WHERE session_id = ? AND number <= ?", sessionId, upTo);
}
