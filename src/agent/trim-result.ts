import type { EntryContent } from "../core/entry.ts";
import { estimateEntry } from "./tokens.ts";

type ToolContent = Extract<EntryContent, { role: "tool" }>;

/** Characters of a tool result that stay, head and tail, UTF-16 units. */
export interface KeptLength {
  readonly head: number;
  readonly tail: number;
}

/** Of old results: enough to know what it was. */
export const OLD_RESULT: KeptLength = { head: 300, tail: 100 };
/** Of any result, when nothing else can go. */
export const LONG_RESULT: KeptLength = { head: 1_000, tail: 1_000 };

/** A tool result without its middle; the same object when it is not much longer than what would stay. Pure, so that a prompt's beginning is always the same. */
export function trimResult(content: ToolContent, { head, tail }: KeptLength): ToolContent {
  const { text } = content;
  if (text.length <= (head + tail) * 1.2) return content;
  const first = text.slice(0, head).replace(/[\uD800-\uDBFF]$/u, "");
  const last = text.slice(-tail).replace(/^[\uDC00-\uDFFF]/u, "");
  return { ...content, text: `${first}\n[... ${text.length - first.length - last.length} characters left out ...]\n${last}` };
}

/** Estimated tokens of an entry as it stands in a prompt whose results up to `trimmedTo` are shortened. */
export function shownTokens(entry: { readonly number: number; readonly content: EntryContent; readonly tokens: number }, trimmedTo: number): number {
  if (entry.number > trimmedTo || entry.content.role !== "tool") return entry.tokens;
  const trimmed = trimResult(entry.content, OLD_RESULT);
  return trimmed === entry.content ? entry.tokens : Math.min(entry.tokens, estimateEntry(trimmed));
}
