/** Bytes that belong to messages. Stored once per upload, found by id. */
export interface Blobs {
  /** @param type MIME type. @throws StoreError `blob_too_large` above 20 MB. */
  put(bytes: Uint8Array, info: { type: string; name?: string }): Promise<BlobInfo>;
  get(id: string): Promise<(BlobInfo & { bytes: Uint8Array }) | undefined>;
}

export interface BlobInfo {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

export const MAX_BLOB_BYTES = 20_000_000;
