import type { Migration } from "./dialect.ts";

/** Paired clients and those that ask to be. */
export const devices: Migration = {
  number: 3,
  name: "devices",
  statements: () => [
    `CREATE TABLE devices (id TEXT PRIMARY KEY, public_key TEXT NOT NULL, name TEXT NOT NULL, platform TEXT NOT NULL, status TEXT NOT NULL, scopes TEXT NOT NULL,
       request_id TEXT, request_scopes TEXT, request_expires_at BIGINT, token_digest TEXT, epoch BIGINT NOT NULL, created_at BIGINT NOT NULL, approved_at BIGINT)`,
    "CREATE UNIQUE INDEX devices_request ON devices (request_id) WHERE request_id IS NOT NULL",
  ],
};
