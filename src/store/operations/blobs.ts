import { MAX_BLOB_BYTES, type BlobInfo } from "../../core/blobs.ts";
import { StoreError } from "../../core/errors.ts";
import type { Operations } from "../../core/store.ts";
import { present } from "./rows.ts";
import { one, run, type Steps } from "./statement.ts";

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
