import { ToolError } from "../../core/errors.ts";
import { joinLabels } from "../../core/label.ts";
import { sightOf, type Memory } from "../../core/memory.ts";
import { newId, type Random } from "../../core/random.ts";
import type { Store } from "../../core/store.ts";
import type { Tool, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import type { MemoryMeaning } from "./memory-meaning.ts";

export { createMemoryMeaning, type MemoryMeaning } from "./memory-meaning.ts";

export interface MemoryToolsDeps {
  readonly store: Pick<Store, "saveMemory" | "searchMemories" | "getMemories" | "listMemories" | "forgetMemory">;
  readonly random: Random;
  /** Set when the owner has named a model for it. */
  readonly meaning?: Pick<MemoryMeaning, "wake" | "near"> | undefined;
}

const MAX_TEXT = 4_000;
const MAX_FOUND = 20;
/** As far down as the two ways of searching are compared. */
const MAX_RANKED = 50;
const TIMEOUT_MS = 10_000;

/**
 * `memory_save`, `memory_search`, `memory_list` and `memory_forget`: what an agent remembers beyond one conversation.
 * What must stay true: a memory carries the label of the context it was written in and taints whoever recalls it (sec-91, sec-92); nobody sees more than everyone at the place
 * of the turn may see (sec-110); memories are never part of the system prompt.
 */
export function createMemoryTools(deps: MemoryToolsDeps): Tool[] {
  return [createSave(deps), createSearch(deps), createList(deps), createForget(deps)];
}

function createSave({ store, random, meaning }: MemoryToolsDeps): Tool {
  return defineTool<{ text: string }>({
    spec: {
      name: "memory_save",
      description: "Remember something beyond this conversation: a fact, a wish, a decision. One thing at a time, in words that make sense later.",
      parameters: {
        type: "object",
        properties: { text: { type: "string", minLength: 1, maxLength: MAX_TEXT, description: "what to remember" } },
        required: ["text"],
        additionalProperties: false,
      },
    },
    effects: ["memory"],
    idempotent: true,
    parallel: false,
    timeoutMs: TIMEOUT_MS,
    run: async ({ text }, { clock, agent, principal, label, sessionId }) => {
      if (text.trim() === "") throw new ToolError("bad_arguments", '"text" must not be blank');
      const memory: Memory = { id: newId(clock, random), agent, person: principal.person, text: text.trim(), label, sessionId, at: clock.now() };
      const outcome = await store.saveMemory({ memory });
      if (outcome === "full")
        throw new ToolError("memory_full", "nothing more can be remembered", { hint: "forget something first: memory_list, memory_forget" });
      if (outcome === "saved") meaning?.wake();
      return { text: outcome === "known" ? "That is remembered already." : "Remembered.", error: false };
    },
  });
}

function createSearch({ store, meaning }: MemoryToolsDeps): Tool {
  return defineTool<{ query: string; limit?: number }>({
    spec: {
      name: "memory_search",
      description: `Look for something remembered earlier, by words${meaning ? " and meaning" : ""}.`,
      parameters: {
        type: "object",
        properties: {
          query: { type: "string", minLength: 1, maxLength: 500 },
          limit: { type: "integer", minimum: 1, maximum: MAX_FOUND, description: "default 5" },
        },
        required: ["query"],
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIMEOUT_MS,
    run: async ({ query, limit = 5 }, { agent, principal, label, signal }) => {
      const reader = { agent, sight: sightOf(principal) };
      const none = "Nothing like that is remembered.";
      // What is secret is asked of nobody outside.
      if (!meaning || label.confidentiality === "SECRET") return recalled(await store.searchMemories({ ...reader, query, limit }), none);
      const [words, near] = await Promise.all([store.searchMemories({ ...reader, query, limit: MAX_RANKED }), meaning.near(query, reader, signal)]);
      const ids = fuseRanks([words.map(({ id }) => id), near]).slice(0, limit);
      return recalled(await store.getMemories({ ...reader, ids }), none);
    },
  });
}

/** Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): a place in a list counts 1 / (60 + place), whatever was measured to get there. */
function fuseRanks(lists: readonly (readonly string[])[]): string[] {
  const scores = new Map<string, number>();
  for (const ids of lists) for (const [place, id] of ids.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (61 + place));
  return [...scores].toSorted(([, a], [, b]) => b - a).map(([id]) => id);
}

function createList({ store }: MemoryToolsDeps): Tool {
  return defineTool<{ before?: string }>({
    spec: {
      name: "memory_list",
      description: `What is remembered, newest first, ${MAX_FOUND} at a time.`,
      parameters: {
        type: "object",
        properties: { before: { type: "string", maxLength: 64, description: "id of the last one of the page before" } },
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIMEOUT_MS,
    run: async ({ before }, { agent, principal }) =>
      recalled(
        await store.listMemories({ agent, sight: sightOf(principal), limit: MAX_FOUND, ...(before !== undefined && { before }) }),
        before === undefined ? "Nothing is remembered." : "Nothing more is remembered.",
      ),
  });
}

function createForget({ store }: MemoryToolsDeps): Tool {
  return defineTool<{ id: string }>({
    spec: {
      name: "memory_forget",
      description: "Forget one remembered thing for good.",
      parameters: {
        type: "object",
        properties: { id: { type: "string", minLength: 1, maxLength: 64, description: "as memory_search and memory_list show it" } },
        required: ["id"],
        additionalProperties: false,
      },
    },
    effects: ["memory"],
    idempotent: true,
    parallel: false,
    timeoutMs: TIMEOUT_MS,
    run: async ({ id }, { agent, principal }) => {
      const own = principal.class === "owner" ? {} : { person: principal.person };
      const gone = await store.forgetMemory({ id, agent, sight: sightOf(principal), ...own });
      if (!gone) throw new ToolError("memory_not_found", `nothing that you may forget has the id ${JSON.stringify(id)}`, { hint: "memory_search shows ids" });
      return { text: "Forgotten.", error: false };
    },
  });
}

function recalled(memories: readonly Memory[], none: string): ToolResult {
  if (memories.length === 0) return { text: none, error: false };
  const label = memories.map((memory) => memory.label).reduce(joinLabels);
  return { text: memories.map(line).join("\n"), error: false, label };
}

/** On one line, so that no memory can look like two. */
function line({ id, at, text }: Memory): string {
  return `${id} (${new Date(at).toISOString().slice(0, 10)}): ${JSON.stringify(text)}`;
}
