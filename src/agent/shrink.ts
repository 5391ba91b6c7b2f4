import type { ModelEntry } from "../core/model.ts";
import { estimateEntry } from "./tokens.ts";

/** How much of a long tool result is left when nothing else can go, UTF-16 units. */
const SHORT_RESULT = 2_000;

/**
 * Entries for another try after a prompt was too long (fault-39): without the oldest whole turns, down to 60 % of their tokens; when only the newest turn is left, with
 * its long tool results shortened.
 * @param turnStart index of the first entry of the running turn, which is never dropped.
 * @returns undefined when nothing can be made smaller.
 */
export function shrinkEntries(entries: readonly ModelEntry[], turnStart: number): { entries: ModelEntry[]; turnStart: number } | undefined {
  const sizes = entries.map((entry) => estimateEntry(entry.content));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let tail = total;
  let cut = 0;
  for (let index = 0; index <= turnStart; index += 1) {
    if (index > 0 && (index === turnStart || startsTurn(entries, index))) {
      cut = index;
      if (tail <= total * 0.6) break;
    }
    tail -= sizes[index] ?? 0;
  }
  if (cut > 0) return { entries: entries.slice(cut), turnStart: turnStart - cut };
  return shortenResults(entries, turnStart);
}

/** The entry with which the running turn begins: the run of user entries before its first own step. */
export function findTurnStart(entries: readonly ModelEntry[], stepsDone: number): number {
  let steps = stepsDone;
  let index = entries.length;
  while (index > 0 && (steps > 0 || entries[index - 1]?.content.role === "user")) {
    index -= 1;
    if (entries[index]?.content.role === "assistant") steps -= 1;
  }
  return Math.min(index, Math.max(0, entries.length - 1));
}

function startsTurn(entries: readonly ModelEntry[], index: number): boolean {
  return entries[index]?.content.role === "user" && entries[index - 1]?.content.role !== "user";
}

function shortenResults(entries: readonly ModelEntry[], turnStart: number): { entries: ModelEntry[]; turnStart: number } | undefined {
  let shortened = false;
  const shorter = entries.map((entry) => {
    const { content } = entry;
    if (content.role !== "tool" || content.text.length <= SHORT_RESULT * 1.2) return entry;
    shortened = true;
    const head = content.text.slice(0, SHORT_RESULT / 2).replace(/[\uD800-\uDBFF]$/u, "");
    const tail = content.text.slice(-SHORT_RESULT / 2).replace(/^[\uDC00-\uDFFF]/u, "");
    return { ...entry, content: { ...content, text: `${head}\n[... ${content.text.length - SHORT_RESULT} characters left out ...]\n${tail}` } };
  });
  return shortened ? { entries: shorter, turnStart } : undefined;
}
