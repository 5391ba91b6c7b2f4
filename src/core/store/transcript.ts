import type { Entry } from "../entry.ts";
import type { Label } from "../label.ts";
import type { Sight } from "../memory.ts";
import type { Message } from "../message.ts";
import type { Fence, Session, Summary } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Entries and summaries: what was said. */
export interface TranscriptOperations {
  /** Moves the start of prompts forward. lazy. */
  moveContextStart: Operation<{ sessionId: string; contextStart: number }, void>;
  /**
   * One compaction, whole or not at all: moves the start of prompts and the end of shortened tool results forward, and puts in the summary that stands for what leaves.
   * False, and nothing changed, when the start is not `expectedStart` any more. full.
   */
  compactContext: Operation<
    { fence: Fence; sessionId: string; expectedStart: number; contextStart: number; trimmedTo: number; summary?: Omit<Summary, "sessionId">; now: number },
    boolean
  >;
  /** The newest summary of what stands before `before`. read. */
  getSummary: Operation<{ sessionId: string; before: number }, Summary | undefined>;
  /** The owner raises the label of named entries to their own, audited. full. @returns how many were raised. */
  endorseEntries: Operation<{ sessionId: string; from: number; to: number; label: Label; by: string; now: number }, number>;
  /** Entries with number > after (or < before, newest ones), ascending. read. */
  readEntries: Operation<{ sessionId: string; after?: number; before?: number; limit: number }, Entry[]>;
  /** Makes entries searchable that are not yet, oldest sessions first; `limit` entries at the most. @returns how many; 0: all are. lazy. */
  indexEntries: Operation<{ limit: number }, number>;
  /** Entries that have all the words or their beginnings, the last indexed first; `before` pages by `seq`. Only what was indexed. read. */
  searchEntries: Operation<
    { sight: Sight; agent?: string; sessionId?: string; query: string; before?: number; limit: number },
    { seq: number; entry: Entry; session: Session }[]
  >;
  /** Replaces the message of a user entry: its media are bytes now. full. */
  setEntryMessage: Operation<{ fence: Fence; sessionId: string; number: number; message: Message }, void>;
}

export const TRANSCRIPT_DURABILITY: Durabilities<TranscriptOperations> = {
  moveContextStart: "lazy",
  compactContext: "full",
  getSummary: "read",
  endorseEntries: "full",
  readEntries: "read",
  indexEntries: "lazy",
  searchEntries: "read",
  setEntryMessage: "full",
};
