import type { Migration } from "./dialect.ts";

/** Summaries of what has left the prompts, usage by quarter of an hour (every time zone's midnight begins one), and tasks that one turn hands to another. */
export const context: Migration = {
  number: 8,
  name: "context",
  statements: ({ inKey }) => [
    "ALTER TABLE sessions ADD COLUMN trimmed_to BIGINT NOT NULL DEFAULT 0",
    `CREATE TABLE summaries (session_id TEXT NOT NULL, to_entry BIGINT NOT NULL, from_entry BIGINT NOT NULL, text TEXT NOT NULL, rules TEXT NOT NULL, label TEXT NOT NULL,
       tokens BIGINT NOT NULL, model TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (session_id, to_entry))`,
    "ALTER TABLE usage_by_turn RENAME TO usage_before_8",
    "DROP INDEX usage_by_turn_at",
    `CREATE TABLE usage_by_turn (turn_id TEXT NOT NULL, model TEXT NOT NULL, slot BIGINT NOT NULL, at BIGINT NOT NULL, input BIGINT NOT NULL, output BIGINT NOT NULL,
       cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, estimated BIGINT NOT NULL, PRIMARY KEY (turn_id, model, slot))${inKey}`,
    `INSERT INTO usage_by_turn (turn_id, model, slot, at, input, output, cache_read, cache_write, estimated)
       SELECT turn_id, model, at / 900000, at, input, output, cache_read, cache_write, 0 FROM usage_before_8`,
    "DROP TABLE usage_before_8",
    "CREATE INDEX usage_by_turn_at ON usage_by_turn (at)",
    `CREATE TABLE sub_agents (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, turn_id TEXT NOT NULL, call_id TEXT NOT NULL, root_id TEXT NOT NULL, depth BIGINT NOT NULL,
       child_session TEXT NOT NULL, child_turn TEXT NOT NULL, status TEXT NOT NULL, working BIGINT NOT NULL, result TEXT, label TEXT NOT NULL, begun_at BIGINT NOT NULL,
       expires_at BIGINT NOT NULL, ended_at BIGINT, detached BIGINT NOT NULL DEFAULT 0, told_at BIGINT)`,
    "CREATE UNIQUE INDEX sub_agents_call ON sub_agents (session_id, call_id)",
    "CREATE INDEX sub_agents_turn ON sub_agents (turn_id)",
    "CREATE INDEX sub_agents_child ON sub_agents (child_session)",
    "CREATE INDEX sub_agents_root ON sub_agents (root_id)",
    "CREATE INDEX sub_agents_working ON sub_agents (expires_at) WHERE working = 1",
  ],
};
