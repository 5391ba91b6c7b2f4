const encoder = new TextEncoder();
const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/**
 * A line in pieces of at most `limit` bytes of UTF-8 (at least 4, one code point): after a word where that leaves half a piece, else between grapheme clusters, and
 * inside one only when it alone is longer. Joined they are the line.
 */
export function splitBytes(line: string, limit: number): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (byteLength(rest) > limit) {
    const end = longestHead(rest, limit);
    const space = rest.lastIndexOf(" ", end - 1) + 1;
    const cut = space > end / 2 ? space : end;
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...pieces, rest];
}

function longestHead(text: string, limit: number): number {
  let bytes = 0;
  let end = 0;
  for (const { segment } of graphemes.segment(text)) {
    const more = byteLength(segment);
    if (bytes + more > limit) break;
    bytes += more;
    end += segment.length;
  }
  if (end > 0) return end;
  for (const point of text) {
    bytes += byteLength(point);
    if (bytes > limit && end > 0) break;
    end += point.length;
  }
  return end;
}
