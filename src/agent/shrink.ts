import type { ModelEntry } from "../core/model.ts";
import { estimateEntry } from "./tokens.ts";
import { LONG_RESULT, OLD_RESULT, trimResult, type KeptLength } from "./trim-result.ts";

/** A try that saves less is not worth a request. */
const ENOUGH = 0.7;

/**
 * Entries for another try after a prompt was too long (fault-39). Old tool output goes first; if that is not enough the oldest whole turns, down to 60 % of their tokens;
 * when only the newest turn is left, its long tool results are shortened. A summary at the front stays.
 * @param turnStart index of the first entry of the running turn, which is never dropped.
 * @returns undefined when nothing can be made smaller.
 */
export function shrinkEntries(entries: readonly ModelEntry[], turnStart: number): { entries: ModelEntry[]; turnStart: number } | undefined {
  const total = sizeOf(entries);
  const trimmed = shortenResults(entries, { to: turnStart, kept: OLD_RESULT });
  if (trimmed !== undefined && sizeOf(trimmed) <= total * ENOUGH) return { entries: trimmed, turnStart };
  const cut = dropTurns(trimmed ?? entries, turnStart);
  if (cut !== undefined) return cut;
  if (trimmed !== undefined) return { entries: trimmed, turnStart };
  const shorter = shortenResults(entries, { to: entries.length, kept: LONG_RESULT });
  return shorter && { entries: shorter, turnStart };
}

function sizeOf(entries: readonly ModelEntry[]): number {
  return entries.reduce((sum, entry) => sum + estimateEntry(entry.content), 0);
}

function dropTurns(entries: readonly ModelEntry[], turnStart: number): { entries: ModelEntry[]; turnStart: number } | undefined {
  const first = entries[0]?.pinned === true ? 1 : 0;
  const sizes = entries.map((entry) => estimateEntry(entry.content));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let tail = total;
  let cut = first;
  for (let index = first; index <= turnStart; index += 1) {
    if (index > first && (index === turnStart || startsTurn(entries, index))) {
      cut = index;
      if (tail <= total * 0.6) break;
    }
    tail -= sizes[index] ?? 0;
  }
  if (cut <= first) return undefined;
  return { entries: [...entries.slice(0, first), ...entries.slice(cut)], turnStart: turnStart - cut + first };
}

/** The entry with which the running turn begins: the run of user entries before its first own step. */
export function findTurnStart(entries: readonly ModelEntry[], stepsDone: number): number {
  let steps = stepsDone;
  let index = entries.length;
  while (index > 0 && (steps > 0 || entries[index - 1]?.content.role === "user")) {
    index -= 1;
    if (entries[index]?.content.role === "assistant") steps -= 1;
  }
  // A summary at the front is no part of the turn.
  if (index === 0 && entries[0]?.pinned === true) index = 1;
  return Math.min(index, Math.max(0, entries.length - 1));
}

function startsTurn(entries: readonly ModelEntry[], index: number): boolean {
  return entries[index]?.content.role === "user" && entries[index - 1]?.content.role !== "user";
}

function shortenResults(entries: readonly ModelEntry[], { to, kept }: { to: number; kept: KeptLength }): ModelEntry[] | undefined {
  let shortened = false;
  const shorter = entries.map((entry, index) => {
    if (index >= to || entry.content.role !== "tool") return entry;
    const content = trimResult(entry.content, kept);
    if (content === entry.content) return entry;
    shortened = true;
    const { tokens: _, ...rest } = entry;
    return { ...rest, content };
  });
  return shortened ? shorter : undefined;
}
