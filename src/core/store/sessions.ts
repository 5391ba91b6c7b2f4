import type { Session, SessionSettings } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

export interface NewSession {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
}

/** Conversations. */
export interface SessionsOperations {
  /** Current session of a key, or the session of an id. read. */
  getSession: Operation<{ key?: string; id?: string }, Session | undefined>;
  /** Newest activity first; `before` pages by updatedAt, with `beforeId` among those of the same moment. Without `archived`, archived ones as well. read. */
  listSessions: Operation<{ agent?: string; ended?: boolean; archived?: boolean; before?: number; beforeId?: string; limit: number }, Session[]>;
  /** Current session of the key, made if there is none. full. */
  createSession: Operation<{ session: NewSession; settings?: SessionSettings; now: number }, { session: Session; created: boolean }>;
  /** Null clears a setting. full. */
  patchSession: Operation<{ id: string; settings: { [K in keyof SessionSettings]?: SessionSettings[K] | null }; now: number }, Session | undefined>;
  /** Ends the current session of the key and makes `session` its successor with the same settings; queued turns move to it. full. */
  resetSession: Operation<{ session: NewSession; now: number }, { session: Session; ended?: string }>;
  /** Puts a session away or takes it out again; the next message does the latter by itself. full. */
  archiveSession: Operation<{ id: string; archived: boolean; now: number }, Session | undefined>;
  /**
   * A new session whose transcript begins as a copy of `from` up to the entry `upTo`, with principals and labels; never inside a tool pair, so it may end earlier. Settings
   * are those of `from`, changed by `settings`. Undefined when there is no such session. full.
   */
  branchSession: Operation<{ from: string; upTo: number; session: NewSession; settings?: SessionSettings; now: number }, { session: Session } | undefined>;
  /** Everything of one session. Refused with StoreError `session_busy` while a turn of it is running or open deliveries are left. full. */
  deleteSession: Operation<{ id: string }, boolean>;
}

export const SESSIONS_DURABILITY: Durabilities<SessionsOperations> = {
  getSession: "read",
  listSessions: "read",
  createSession: "full",
  patchSession: "full",
  resetSession: "full",
  archiveSession: "full",
  branchSession: "full",
  deleteSession: "full",
};
