/**
 * Finds any of many fixed strings in one pass over a text, however many there are: the first four UTF-16 units of each are a key into a table.
 * Shorter strings than that are not taken.
 */
export interface Needles {
  add(needle: string): void;
  /** The text with every needle replaced, the longest one that starts at a place winning. */
  replace(text: string, replacement: string): string;
}

export const SHORTEST_NEEDLE = 4;

export function createNeedles(): Needles {
  const byStart = new Map<number, string[]>();
  const known = new Set<string>();

  const longestAt = (text: string, at: number, key: number): string | undefined => byStart.get(key)?.find((needle) => text.startsWith(needle, at));

  return {
    add(needle) {
      if (needle.length < SHORTEST_NEEDLE || known.has(needle)) return;
      known.add(needle);
      const key = keyAt(needle, 0);
      byStart.set(
        key,
        [...(byStart.get(key) ?? []), needle].toSorted((a, b) => b.length - a.length),
      );
    },
    replace(text, replacement) {
      if (byStart.size === 0) return text;
      let out = "";
      let copied = 0;
      for (let at = 0; at + SHORTEST_NEEDLE <= text.length; at++) {
        const found = longestAt(text, at, keyAt(text, at));
        if (found === undefined) continue;
        out += text.slice(copied, at) + replacement;
        copied = at + found.length;
        at = copied - 1;
      }
      return copied === 0 ? text : out + text.slice(copied);
    },
  };
}

/** Collisions only cost a comparison. */
function keyAt(text: string, at: number): number {
  return (text.charCodeAt(at) << 21) ^ (text.charCodeAt(at + 1) << 14) ^ (text.charCodeAt(at + 2) << 7) ^ text.charCodeAt(at + 3);
}
