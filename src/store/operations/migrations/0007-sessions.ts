import type { Migration } from "./dialect.ts";

/** Sessions that end by rule, are put away, searched, branched and forgotten. */
export const sessions: Migration = {
  number: 7,
  name: "sessions",
  statements: ({ identity, inKey, words }) => [
    "ALTER TABLE sessions ADD COLUMN archived_at BIGINT",
    "ALTER TABLE sessions ADD COLUMN said_at BIGINT",
    "ALTER TABLE sessions ADD COLUMN indexed_entry BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX sessions_unindexed ON sessions (id) WHERE indexed_entry < last_entry",
    // The words of an entry, not its text: what is shown is read from the entry.
    `CREATE TABLE said (seq ${identity}, session_id TEXT NOT NULL, number BIGINT NOT NULL, text TEXT NOT NULL)`,
    "CREATE UNIQUE INDEX said_entry ON said (session_id, number)",
    ...words("said", "text"),
    `CREATE TABLE blob_uses (session_id TEXT NOT NULL, number BIGINT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (session_id, number, blob_id))${inKey}`,
    "CREATE INDEX blob_uses_blob ON blob_uses (blob_id)",
    // Had a use that is gone; whether it has another one is looked at later.
    "CREATE TABLE loose_blobs (blob_id TEXT PRIMARY KEY)",
  ],
};
