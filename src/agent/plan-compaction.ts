import type { Entry } from "../core/entry.ts";
import { cutIndex, tokensOf } from "./context.ts";

/** Shares of the room for the conversation. Above the first a compaction is due; the others say how far it goes. */
export const COMPACT_ABOVE = 0.75;
/** What is left when shortening old results was enough: less would mean the next compaction at once. */
const ENOUGH_AFTER_TRIM = 0.5;
/** The newest turns whose results stay whole, and those that stay word for word. */
const KEEP_WHOLE = 0.4;
const KEEP_TURNS = 0.3;
/** Of a conversation that is made shorter by hand: it may be far below its limit. */
const KEEP_BY_HAND = 0.25;
/** Of the room, in one summary. */
const MOST_COVERED = 2;
/** Less than this is not worth a summary, tokens. */
const LEAST_COVERED = 200;

export interface CompactionInput {
  /** From the start of prompts on. */
  readonly entries: readonly Entry[];
  readonly contextStart: number;
  readonly trimmedTo: number;
  /** Of the summary that stands before them; 0 = none. */
  readonly summaryTokens: number;
  /** For the conversation, estimated tokens. */
  readonly room: number;
  /** A person asks for it: now, whatever the size. */
  readonly byHand?: boolean;
}

export type CompactionPlan =
  | { readonly kind: "none" }
  /** Shortening old tool output is enough: no model is asked. */
  | { readonly kind: "trim"; readonly trimmedTo: number }
  /** `covered`: whole turns, never the newest one. */
  | { readonly kind: "summarise"; readonly covered: readonly Entry[]; readonly contextStart: number; readonly trimmedTo: number };

/** What has to go, in its order: old tool output, then the oldest whole turns. Pure. */
export function planCompaction(input: CompactionInput): CompactionPlan {
  const { entries, room, byHand = false, summaryTokens } = input;
  const used = summaryTokens + tokensOf(entries, input.trimmedTo);
  if (!byHand && used <= room * COMPACT_ABOVE) return { kind: "none" };
  const whole = entries[cutIndex(entries, room * KEEP_WHOLE, input.trimmedTo)];
  const trimmedTo = Math.max(input.trimmedTo, (whole?.number ?? 1) - 1);
  if (!byHand && trimmedTo > input.trimmedTo && summaryTokens + tokensOf(entries, trimmedTo) <= room * ENOUGH_AFTER_TRIM) return { kind: "trim", trimmedTo };
  const target = byHand ? Math.min(room * KEEP_TURNS, used * KEEP_BY_HAND) : room * KEEP_TURNS;
  const cut = cutIndex(entries, target, trimmedTo);
  const first = entries[cut];
  if (cut === 0 || first === undefined)
    return tokensOf(entries, trimmedTo) < tokensOf(entries, input.trimmedTo) ? { kind: "trim", trimmedTo } : { kind: "none" };
  // A conversation that comes from elsewhere may be many times too long: what no summary could hold is left out, as without one.
  const old = entries.slice(0, cut);
  const covered = old.slice(cutIndex(old, room * MOST_COVERED, trimmedTo));
  if (tokensOf(covered) + summaryTokens < LEAST_COVERED) return { kind: "none" };
  return { kind: "summarise", covered, contextStart: first.number, trimmedTo };
}
