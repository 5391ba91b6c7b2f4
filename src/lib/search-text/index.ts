import { clip } from "../plain-text/index.ts";

/** Words that a query may have. */
const MAX_WORDS = 16;
const MAX_WORD = 64;

/** The words of a text as search engines cut them: letters and digits, small, without accents. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The words that are looked for: each once, at most 16 of at most 64 characters. */
export function queryWords(query: string): string[] {
  return [...new Set(wordsOf(query).map((word) => word.slice(0, MAX_WORD)))].slice(0, MAX_WORDS);
}

/** Any of the words (or all of them), as a beginning; FTS5 query syntax, https://www.sqlite.org/fts5.html#full_text_query_syntax */
export function ftsQuery(words: readonly string[], wanted: "any" | "all" = "any"): string {
  return words.map((word) => `"${word}"*`).join(wanted === "any" ? " OR " : " AND ");
}

/** The same for to_tsquery('simple', ...), https://www.postgresql.org/docs/current/textsearch-controls.html */
export function tsQuery(words: readonly string[], wanted: "any" | "all" = "any"): string {
  return words.map((word) => `${word}:*`).join(wanted === "any" ? " | " : " & ");
}

/** What stands around the first of the words that are looked for, at most `length` UTF-16 units, on one line. */
export function excerpt(text: string, query: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  const wanted = queryWords(query);
  const hit = [...line.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].find(({ 0: word }) => wanted.some((one) => wordsOf(word)[0]?.startsWith(one) === true));
  const from = Math.max(0, Math.min((hit?.index ?? 0) - Math.floor(length / 3), line.length - length));
  const start = from === 0 ? 0 : line.indexOf(" ", from) + 1 || from;
  return clip(`${start === 0 ? "" : "…"}${line.slice(start)}`, length);
}

/** How alike two texts are spelled: the share of the query's trigrams that the text has, 0 to 1. Finds what was misspelled or is part of a longer word. */
export function likeness(query: string, text: string): number {
  const wanted = trigrams(query);
  if (wanted.size === 0) return 0;
  const there = trigrams(text);
  let found = 0;
  for (const gram of wanted) if (there.has(gram)) found += 1;
  return found / wanted.size;
}

function trigrams(text: string): Set<string> {
  const grams = new Set<string>();
  for (const word of wordsOf(text)) {
    const letters = [..." ", ...word, " "];
    for (let i = 0; i + 3 <= letters.length; i += 1) grams.add(letters.slice(i, i + 3).join(""));
  }
  return grams;
}
