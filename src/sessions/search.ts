import type { Entry } from "../core/entry.ts";
import type { Sight } from "../core/memory.ts";
import { messageText } from "../core/message.ts";
import type { Operations, Store } from "../core/store.ts";

export interface MessageQuery {
  /** What whoever asks may see. */
  readonly sight: Sight;
  readonly agent?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly query: string;
  /** Pages by `seq`. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export type FoundMessage = Operations["searchEntries"]["output"][number];

const STEP = 500;
/** Steps that a question waits for. What is behind further (an upgraded database) is found when housekeeping has come so far. */
const MAX_STEPS = 20;

/** Messages that have all the words, the newest first; what was said a moment ago is among them. */
export async function searchMessages(store: Pick<Store, "indexEntries" | "searchEntries">, query: MessageQuery): Promise<FoundMessage[]> {
  for (let step = 0; step < MAX_STEPS; step += 1) if ((await store.indexEntries({ limit: STEP })) < STEP) break;
  const { sight, agent, sessionId, before, limit } = query;
  return await store.searchEntries({
    sight,
    query: query.query,
    limit,
    ...(agent !== undefined && { agent }),
    ...(sessionId !== undefined && { sessionId }),
    ...(before !== undefined && { before }),
  });
}

/** What a person reads of an entry: not the thinking, not the calls. */
export function entryText({ content }: Pick<Entry, "content">): string {
  if (content.role === "user") return messageText(content.message);
  if (content.role === "assistant") return content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  return content.text;
}
