export interface ChunkOptions {
  /** Longest chunk in UTF-16 units; at least 2, so that every code point has room. */
  readonly limit: number;
  /** Ranges `[from, to)` that are better not cut, such as blocks of code. Ascending, apart from each other. */
  readonly keep?: readonly (readonly [number, number])[];
}

/**
 * Where to cut `text` so that no chunk is longer than the limit: the ends of all chunks but the last, ascending. It looks back from the limit for the end of a
 * paragraph, a line, a sentence and a word, in this order and never further than half a chunk; else it cuts between two grapheme clusters (UAX 29). Only a
 * cluster that is longer than a whole chunk is cut, between its code points.
 */
export function cutPoints(text: string, options: ChunkOptions): number[] {
  const limit = Math.max(2, Math.floor(options.limit));
  const cuts: number[] = [];
  for (let start = 0; text.length - start > limit; start = cuts.at(-1)!) cuts.push(nextCut(text, start, { ...options, limit }));
  return cuts;
}

/** @returns the chunks; joined they are `text`. A text that fits is one chunk, also the empty one. */
export function chunkText(text: string, options: ChunkOptions): string[] {
  const cuts = [0, ...cutPoints(text, options), text.length];
  return cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut));
}

function nextCut(text: string, start: number, { limit, keep = [] }: ChunkOptions): number {
  const end = start + limit;
  const floor = start + Math.ceil(limit / 2);
  const cut = breakAfter(text, { floor, end, start }) ?? lastBoundary(text, start, end);
  const block = keep.find(([from, to]) => from < cut && cut < to);
  // A block that would fit whole into the next chunk moves there, if this chunk does not become a mere stub.
  if (block !== undefined && block[0] > start + limit / 4 && block[1] - block[0] <= limit) return block[0];
  return cut;
}

const BREAKS = [/\n\n/g, /\n/g, /[.!?…。！？]["'”’)\]]?[ \t]/g, /[ \t]/g];

/** The end of the last good break that lies in (floor, end], whitespace staying before the cut. */
function breakAfter(text: string, at: { floor: number; end: number; start: number }): number | undefined {
  const window = text.slice(at.floor, at.end);
  for (const pattern of BREAKS) {
    let found: number | undefined;
    for (const match of window.matchAll(pattern)) {
      const cut = at.floor + match.index + match[0].length;
      found = cut;
    }
    if (found !== undefined && isBoundary(text, at.start, found)) return found;
  }
  return undefined;
}

function isBoundary(text: string, start: number, cut: number): boolean {
  // A line end is a boundary whatever follows (UAX 29 rule GB4); a space may carry a combining mark.
  return text[cut - 1] === "\n" || clusterAt(text, start, cut)?.index === cut - start;
}

/** The grapheme cluster at a place. Its segmenter is made here: asking Intl loads 2 MB, which a gateway that cuts nothing does not need. */
function clusterAt(text: string, start: number, at: number): Intl.SegmentData | undefined {
  return new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text.slice(start, at + 32)).containing(at - start);
}

function lastBoundary(text: string, start: number, end: number): number {
  const cluster = clusterAt(text, start, end);
  if (cluster !== undefined && cluster.index > 0) return start + cluster.index;
  const high = text.charCodeAt(end - 1);
  return high >= 0xd800 && high <= 0xdbff ? end - 1 : end;
}
