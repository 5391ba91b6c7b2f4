/**
 * Hall, step 3, context: the newest entries of the sessions that talk, so that a turn reads from the store only what came since the last one. The store stays the truth:
 * entries are only ever appended, so what is missing here is read behind the last number that is known, whoever wrote it.
 */
import type { Entry } from "../core/entry.ts";
import type { MessagePart } from "../core/message.ts";
import type { Store } from "../core/store.ts";

export interface RecentEntries {
  /** All entries of a session from `contextStart` on, in order. @param session.lastEntry given when it is known that there is nothing behind it. */
  read(session: { readonly id: string; readonly contextStart: number; readonly lastEntry?: number }): Promise<Entry[]>;
  /** Remembers what was just appended; with a gap to what is known it is of no use. */
  add(sessionId: string, entries: readonly Entry[]): void;
  /** What is kept of the session was changed in the store (the owner has raised its labels). */
  forget(sessionId: string): void;
}

const PAGE = 500;
/** What all sessions together may hold, estimated bytes; the one used longest ago goes first (P10). */
const MAX_BYTES = 4_000_000;
/** Of an entry beside its text: principal, label, envelope. */
const ENTRY_BYTES = 600;
const BYTES_PER_TOKEN = 8;

interface Kept {
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/** @param maxBytes estimated bytes that may be held. */
export function createRecentEntries(store: Pick<Store, "readEntries">, maxBytes = MAX_BYTES): RecentEntries {
  const kept = new Map<string, Kept>();
  let total = 0;

  const forget = (sessionId: string) => {
    total -= kept.get(sessionId)?.bytes ?? 0;
    kept.delete(sessionId);
  };
  const keep = (sessionId: string, entries: readonly Entry[]) => {
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_BYTES + entry.tokens * BYTES_PER_TOKEN, 0);
    if (entries.length === 0 || bytes > maxBytes) return;
    kept.set(sessionId, { entries, bytes });
    total += bytes;
    while (total > maxBytes) forget(kept.keys().next().value!);
  };

  return {
    forget,
    add(sessionId, entries) {
      const known = kept.get(sessionId)?.entries ?? [];
      if (entries[0]?.number !== (known.at(-1)?.number ?? 0) + 1) return;
      forget(sessionId);
      keep(sessionId, settled([...known, ...entries]));
    },
    async read({ id, contextStart, lastEntry }) {
      const known = (kept.get(id)?.entries ?? []).filter((entry) => entry.number >= contextStart);
      // A gap between the start and what is kept: the start has moved back, so nothing kept is of use.
      const all = known[0]?.number === Math.max(1, contextStart) ? known : [];
      for (let after = all.at(-1)?.number ?? Math.max(0, contextStart - 1); after !== lastEntry; after = all.at(-1)!.number) {
        const page = await store.readEntries({ sessionId: id, after, limit: PAGE });
        all.push(...page);
        if (page.length < PAGE) break;
      }
      forget(id);
      keep(id, settled(all));
      return all;
    },
  };
}

/** The entries before the first one that may still change: media that were named but not fetched yet get their bytes later. */
function settled(entries: readonly Entry[]): readonly Entry[] {
  const open = entries.findIndex(({ content }) => content.role === "user" && content.message.parts.some(isOpenMedia));
  return entries.slice(0, open < 0 ? entries.length : open);
}

/** Named by the platform, and neither fetched nor given up. */
export function isOpenMedia(part: MessagePart): boolean {
  return part.type === "media" && part.media.blob === undefined && part.media.ref !== undefined && part.media.missing === undefined;
}
