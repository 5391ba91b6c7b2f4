import type { Migration } from "./dialect.ts";

/** What a conversation has to learn of a message that was sent to it from elsewhere, with that message; what a memory means, with the memory. */
export const notesAndVectors: Migration = {
  number: 9,
  name: "notes-and-vectors",
  statements: ({ blob }) => [
    "ALTER TABLE deliveries ADD COLUMN note TEXT",
    "ALTER TABLE deliveries ADD COLUMN note_session TEXT",
    "CREATE INDEX deliveries_note ON deliveries (channel, account, conversation) WHERE note IS NOT NULL",
    "CREATE INDEX deliveries_note_session ON deliveries (note_session) WHERE note IS NOT NULL",
    `ALTER TABLE memories ADD COLUMN vector ${blob}`,
    "ALTER TABLE memories ADD COLUMN vector_model TEXT",
    "CREATE INDEX memories_vector ON memories (vector_model)",
  ],
};
