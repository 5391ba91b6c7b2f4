import type { Memory, Sight } from "../memory.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** What the assistant keeps in mind. */
export interface MemoriesOperations {
  /** `known`: the same text of the same person was there already. `full`: the agent remembers as much as it may. full. */
  saveMemory: Operation<{ memory: Memory }, "saved" | "known" | "full">;
  /** Best match first: by words and their beginnings, then by likeness of spelling. read. */
  searchMemories: Operation<{ agent: string; sight: Sight; query: string; limit: number }, Memory[]>;
  /** Newest first; `before` pages by id. read. */
  listMemories: Operation<{ agent: string; sight: Sight; before?: string; limit: number }, Memory[]>;
  /** Of what the reader may see, in the order of `ids`. read. */
  getMemories: Operation<{ agent: string; sight: Sight; ids: readonly string[] }, Memory[]>;
  /** Memories of any agent that have no vector of this model and are no secret, newest first. read. */
  memoriesToEmbed: Operation<{ model: string; limit: number }, { id: string; text: string }[]>;
  /** Without `vector`: the model will never make one. lazy. */
  setMemoryVector: Operation<{ id: string; model: string; vector?: Uint8Array }, void>;
  /** Vectors of this model that the reader may see, newest memory first; `before` pages by id. read. */
  readMemoryVectors: Operation<{ agent: string; sight: Sight; model: string; before?: string; limit: number }, { id: string; vector: Uint8Array }[]>;
  /** With `person`, only one of theirs. full. @returns false when there is none that may be seen. */
  forgetMemory: Operation<{ id: string; agent: string; sight: Sight; person?: string }, boolean>;
}

export const MEMORIES_DURABILITY: Durabilities<MemoriesOperations> = {
  saveMemory: "full",
  searchMemories: "read",
  listMemories: "read",
  getMemories: "read",
  memoriesToEmbed: "read",
  setMemoryVector: "lazy",
  readMemoryVectors: "read",
  forgetMemory: "full",
};
