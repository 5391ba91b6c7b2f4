import type { Durabilities, Operation } from "./operation.ts";

/** People and what is kept of them. */
export interface PeopleOperations {
  /** Person of a channel identity, if it was ever seen. read. */
  findPerson: Operation<{ channel: string; account: string; senderId: string }, { personId: string } | undefined>;
  /** Remembers an identity as a new person unless it is known; answers the person it has. full. */
  addPerson: Operation<{ channel: string; account: string; senderId: string; name?: string; personId: string; now: number }, { personId: string }>;
  /** What is kept of one person, kind by kind; `after` pages. read. */
  exportPerson: Operation<
    {
      person: string;
      kind: "identity" | "pairing" | "message" | "entry" | "delivery" | "memory" | "job" | "approval" | "usage";
      after?: string;
      limit: number;
    },
    { records: Record<string, unknown>[]; after?: string }
  >;
  /**
   * Forgets a person: conversations that were theirs alone go whole; in others what they said, and what was answered and done for them, is replaced by a note. What is left are
   * numbers that name nobody, and the audit, which cannot be changed and holds no words.
   * @throws StoreError `person_busy` while a turn of theirs has not ended.
   */
  purgePerson: Operation<
    { person: string },
    { removedSessions: string[]; changedSessions: string[]; identities: number; memories: number; jobs: number; files: number }
  >;
}

export const PEOPLE_DURABILITY: Durabilities<PeopleOperations> = {
  findPerson: "read",
  addPerson: "full",
  exportPerson: "read",
  purgePerson: "full",
};
