import type { Migration } from "./dialect.ts";

/** What agents remember beyond one conversation. */
export const memories: Migration = {
  number: 5,
  name: "memories",
  statements: ({ identity, words }) => [
    `CREATE TABLE memories (seq ${identity}, id TEXT NOT NULL, agent TEXT NOT NULL, person TEXT NOT NULL, text TEXT NOT NULL, integrity TEXT NOT NULL,
       confidentiality TEXT NOT NULL, session_id TEXT NOT NULL, at BIGINT NOT NULL)`,
    "CREATE UNIQUE INDEX memories_id ON memories (id)",
    "CREATE INDEX memories_agent ON memories (agent, confidentiality, seq)",
    "CREATE INDEX memories_person ON memories (person)",
    ...words("memories", "text"),
  ],
};
