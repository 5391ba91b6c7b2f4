import { createHash } from "node:crypto";
import { MAX_BLOB_BYTES, type Blobs } from "../core/blobs.ts";
import type { Clock } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";

/** Blobs in the store: they are saved, backed up and deleted with the messages they belong to. */
export function createBlobs(store: Store, deps: { clock: Clock; random: Random }): Blobs {
  return {
    async put(bytes, { type, name }) {
      if (bytes.length > MAX_BLOB_BYTES) {
        throw new StoreError("blob_too_large", `a file of ${bytes.length} bytes is more than is kept`, {
          hint: `files may have up to ${MAX_BLOB_BYTES / 1_000_000} MB`,
        });
      }
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return await store.putBlob({ id: newId(deps.clock, deps.random), bytes, type, name, sha256, now: deps.clock.now() });
    },
    get: (id) => store.getBlob({ id }),
  };
}
