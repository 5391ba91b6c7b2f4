import { MAX_BLOB_BYTES, type BlobInfo } from "../../core/blobs.ts";
import { StoreError } from "../../core/errors.ts";
import type { Operations } from "../../core/store.ts";
import { present } from "./rows/column.ts";
import { all, one, run, type Steps } from "./statement.ts";

interface BlobRow {
  id: string;
  type: string;
  name: string | null;
  size: number;
  sha256: string;
  bytes: Uint8Array;
}

function toInfo(row: Omit<BlobRow, "bytes">): BlobInfo {
  return present({ id: row.id, type: row.type, name: row.name ?? undefined, size: row.size, sha256: row.sha256 });
}

/** @throws StoreError `blob_too_large` above 20 MB. */
export function* putBlob({ id, bytes, type, name, sha256, now }: Operations["putBlob"]["input"]): Steps<BlobInfo> {
  if (bytes.length > MAX_BLOB_BYTES) {
    throw new StoreError("blob_too_large", `${bytes.length} bytes are more than ${MAX_BLOB_BYTES}`, { hint: "Send a file of at most 20 MB." });
  }
  yield* run(
    "INSERT INTO blobs (id, type, name, size, sha256, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    id,
    type,
    name ?? null,
    bytes.length,
    sha256,
    bytes,
    now,
  );
  return toInfo({ id, type, name: name ?? null, size: bytes.length, sha256 });
}

export function* getBlob({ id }: Operations["getBlob"]["input"]): Steps<(BlobInfo & { bytes: Uint8Array }) | undefined> {
  const row = yield* one<BlobRow>("SELECT id, type, name, size, sha256, bytes FROM blobs WHERE id = ?", id);
  return row && { ...toInfo(row), bytes: new Uint8Array(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength) };
}

/** Waits until every entry was looked at: before that nobody knows all uses. A message that still waits has its media without an entry. */
export function* sweepBlobs({ limit }: Operations["sweepBlobs"]["input"]): Steps<number> {
  const behind = yield* one("SELECT id FROM sessions WHERE indexed_entry < last_entry LIMIT 1");
  if (behind !== undefined) return 0;
  const loose = yield* all<{ blob_id: string }>("SELECT blob_id FROM loose_blobs ORDER BY blob_id LIMIT ?", limit);
  for (const { blob_id: id } of loose) {
    const waits = yield* one("SELECT id FROM inbox WHERE pending = 1 AND entry LIKE ? LIMIT 1", `%"${id}"%`);
    if (waits !== undefined) continue;
    const used = yield* one("SELECT blob_id FROM blob_uses WHERE blob_id = ? LIMIT 1", id);
    if (used === undefined) yield* run("DELETE FROM blobs WHERE id = ?", id);
    yield* run("DELETE FROM loose_blobs WHERE blob_id = ?", id);
  }
  return loose.length;
}
