import type { Migration } from "./dialect.ts";

/** What the owner decides (approvals, grants, pairings), and the audit of it. */
export const kernel: Migration = {
  number: 4,
  name: "kernel",
  statements: ({ identity }) => [
    "ALTER TABLE turns ADD COLUMN said_entry BIGINT",
    `CREATE TABLE approvals (seq ${identity}, id TEXT NOT NULL, code TEXT NOT NULL, status TEXT NOT NULL, session_id TEXT NOT NULL, turn_id TEXT NOT NULL,
       call_id TEXT NOT NULL, tool TEXT NOT NULL, principal TEXT NOT NULL, label TEXT NOT NULL, plan TEXT NOT NULL, digest TEXT NOT NULL, plan_key TEXT NOT NULL,
       reason TEXT NOT NULL, text TEXT NOT NULL, rememberable BIGINT NOT NULL, shown_at TEXT NOT NULL, scope TEXT, answered_by TEXT, asked_at BIGINT NOT NULL,
       expires_at BIGINT NOT NULL, answered_at BIGINT, detached BIGINT NOT NULL DEFAULT 0, told_at BIGINT)`,
    "CREATE UNIQUE INDEX approvals_id ON approvals (id)",
    "CREATE UNIQUE INDEX approvals_call ON approvals (session_id, call_id)",
    "CREATE UNIQUE INDEX approvals_code ON approvals (code) WHERE status = 'pending'",
    "CREATE INDEX approvals_pending ON approvals (expires_at) WHERE status = 'pending'",
    "CREATE INDEX approvals_turn ON approvals (turn_id)",
    "CREATE INDEX approvals_plan ON approvals (plan_key, status)",
    "CREATE TABLE grants (id TEXT PRIMARY KEY, plan_key TEXT NOT NULL, session_id TEXT, approval_id TEXT NOT NULL, created_at BIGINT NOT NULL)",
    "CREATE INDEX grants_plan ON grants (plan_key)",
    `CREATE TABLE pairings (seq ${identity}, id TEXT NOT NULL, code_hash TEXT NOT NULL, channel TEXT NOT NULL, account TEXT NOT NULL, sender_id TEXT NOT NULL, name TEXT,
       address TEXT NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, answered_at BIGINT)`,
    "CREATE UNIQUE INDEX pairings_id ON pairings (id)",
    "CREATE INDEX pairings_code ON pairings (code_hash) WHERE status = 'pending'",
    "CREATE INDEX pairings_sender ON pairings (channel, account, sender_id, status)",
    "CREATE TABLE wrong_codes (at BIGINT NOT NULL)",
    `CREATE TABLE audit (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, session_id TEXT, turn_id TEXT, data TEXT NOT NULL,
       hash TEXT NOT NULL)`,
    "CREATE TABLE audit_checkpoints (seq BIGINT PRIMARY KEY, hash TEXT NOT NULL, at BIGINT NOT NULL, signature TEXT NOT NULL)",
  ],
};
