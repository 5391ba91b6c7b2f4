import type { Migration } from "./dialect.ts";

/** What leaves the house: deliveries, files, and what it cost. */
export const outbox: Migration = {
  number: 2,
  name: "outbox",
  statements: ({ identity, blob, inKey }) => [
    `CREATE TABLE deliveries (seq ${identity}, id TEXT NOT NULL, session_id TEXT, turn_id TEXT, channel TEXT NOT NULL, account TEXT NOT NULL, conversation TEXT NOT NULL,
       thread TEXT, reply_to TEXT, status TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)`,
    "CREATE UNIQUE INDEX deliveries_id ON deliveries (id)",
    "CREATE INDEX deliveries_open ON deliveries (channel, account, conversation, seq) WHERE status = 'open'",
    "CREATE INDEX deliveries_drafts ON deliveries (channel, account) WHERE status = 'draft'",
    "CREATE INDEX deliveries_expiry ON deliveries (expires_at) WHERE status = 'open'",
    "CREATE INDEX deliveries_unsettled ON deliveries (status) WHERE status IN ('open', 'unknown', 'failed')",
    "CREATE INDEX deliveries_session ON deliveries (session_id) WHERE session_id IS NOT NULL",
    "CREATE INDEX deliveries_turn ON deliveries (turn_id) WHERE turn_id IS NOT NULL",
    `CREATE TABLE delivery_parts (delivery_id TEXT NOT NULL, number BIGINT NOT NULL, text TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL, receipt TEXT,
       attempts BIGINT NOT NULL, not_before BIGINT NOT NULL, error TEXT, PRIMARY KEY (delivery_id, number))`,
    `CREATE TABLE blobs (id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT, size BIGINT NOT NULL, sha256 TEXT NOT NULL, bytes ${blob} NOT NULL, created_at BIGINT NOT NULL)`,
    `CREATE TABLE usage_by_turn (turn_id TEXT NOT NULL, model TEXT NOT NULL, at BIGINT NOT NULL, input BIGINT NOT NULL, output BIGINT NOT NULL,
       cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, PRIMARY KEY (turn_id, model))${inKey}`,
    "CREATE INDEX usage_by_turn_at ON usage_by_turn (at)",
  ],
};
