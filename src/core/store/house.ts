import type { BlobInfo } from "../blobs.ts";
import type { TurnStatus } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** The database itself: files, settings, retention, figures. */
export interface HouseOperations {
  /**
   * Raises and answers the boot number of this store. Leases whose owner is `INSTANCE.*` are given up at once: they belong to an earlier, dead process of
   * this home (one daemon per home). full.
   */
  boot: Operation<{ now: number; instance?: string }, { boot: number }>;
  putBlob: Operation<{ id: string; bytes: Uint8Array; type: string; name?: string; sha256: string; now: number }, BlobInfo>;
  getBlob: Operation<{ id: string }, (BlobInfo & { bytes: Uint8Array }) | undefined>;
  /**
   * After a restore from a backup: what was under way then may have happened since, so it is not done again. Open turns end as `cancelled` with `text` for their open
   * calls and with their messages in the transcript; what was being delivered becomes `unknown`.
   */
  settleRestored: Operation<{ text: string; now: number }, { turns: number; deliveries: number }>;
  getSetting: Operation<{ name: string }, string | undefined>;
  setSetting: Operation<{ name: string; value: string | null }, void>;
  /** Rows per state, for metrics and status. read. */
  counts: Operation<
    Record<string, never>,
    {
      turns: Record<TurnStatus, number>;
      /** Messages that are in no transcript yet. */
      pendingMessages: number;
      openDeliveries: number;
      unknownDeliveries: number;
      failedDeliveries: number;
      sessions: number;
    }
  >;
  getCursor: Operation<{ channel: string; account: string; name: string }, string | undefined>;
  /**
   * One step of forgetting: of `limit` sessions behind `after` (by id), what was said and done before `before`, at most some hundred entries each, whole exchanges only;
   * ended and archived sessions go when nothing is left of them. A session with an unfinished turn or an open delivery is left alone. Keys of the inbox are kept, without
   * their text, from `keysFrom` on. `more`: a session has more to forget than one step takes. lazy.
   */
  forgetOld: Operation<
    { before: number; keysFrom: number; after?: string; limit: number; now: number },
    { entries: number; sessions: number; more: boolean; after?: string }
  >;
  /** Bytes of disk that what is kept takes, about, by UTC day: first of the media, then of `limit` entries behind `after` with all that is kept because of them. read. */
  measureKept: Operation<
    { after?: { sessionId: string; number: number }; limit: number },
    { days: { day: number; bytes: number }[]; after?: { sessionId: string; number: number } }
  >;
  /** Removes media of deleted and forgotten entries that no other entry and no waiting message has. @returns how many were looked at. lazy. */
  sweepBlobs: Operation<{ limit: number }, number>;
}

export const HOUSE_DURABILITY: Durabilities<HouseOperations> = {
  boot: "full",
  putBlob: "full",
  getBlob: "read",
  settleRestored: "full",
  getSetting: "read",
  setSetting: "full",
  counts: "read",
  getCursor: "read",
  forgetOld: "lazy",
  measureKept: "read",
  sweepBlobs: "lazy",
};
