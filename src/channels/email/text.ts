/** What somebody wrote, out of what their program sent. Pure. */

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The words of an HTML mail. Targets of links that hide behind words stay visible; what is not shown is left out. */
export function htmlToText(html: string): string {
  return decode(
    html
      .replace(/<!--[\s\S]*?(-->|$)/g, "")
      .replace(/<(script|style|head|title|template)\b[\s\S]*?(<\/\1\s*>|$)/gi, "")
      .replace(/\s+/g, " ")
      .replace(/<blockquote\b[^>]*>/gi, "\n\u0001")
      .replace(/<\/blockquote\s*>/gi, "\u0002\n")
      .replace(/<a\b[^>]*\bhref\s*=\s*["']?(https?:[^"'\s>]+)[^>]*>([\s\S]*?)<\/a\s*>/gi, (_, url: string, words: string) => linkText(url, words))
      .replace(/<(br|hr)\b[^>]*>/gi, "\n")
      .replace(/<li\b[^>]*>/gi, "\n- ")
      .replace(/<\/?(p|div|tr|h[1-6]|ul|ol|table|section|article|pre)\b[^>]*>/gi, "\n")
      .replace(/<\/(td|th)\s*>/gi, " ")
      .replace(/<[^>]*>/g, ""),
  )
    .replace(/\u0001([^\u0001\u0002]*)\u0002/g, (_, inner: string) => inner.trim().replace(/^/gm, "> "))
    .replace(/[\u0001\u0002]/g, "")
    .replace(/[ \t]*\n[ \t]*/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function linkText(url: string, words: string): string {
  const shown = words.replace(/<[^>]*>/g, "").trim();
  return shown === "" || decode(shown) === decode(url) ? url : `${shown} (${url})`;
}

function decode(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));/g, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name]!;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    return code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
  });
}

/** A line that announces what is quoted below it: it ends with a colon and names a time or an address. */
const ATTRIBUTION = /^(?=.*(\d{4}|@|\d:\d)).{5,300}:\s*$/;
const FORWARDED = /^-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|mensaje original)\s*-{2,}$/i;

/**
 * Takes what is quoted at the end and the signature away from what was written. What is quoted between the lines stays: the answer is about it.
 * @returns the words, and the quote if there was one: it is somebody else's and never the sender's own words or command (sec-38).
 */
export function withoutQuote(text: string): { readonly text: string; readonly quote: string | undefined } {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  let end = lines.length;
  while (end > 0 && /^\s*$/.test(lines[end - 1]!)) end -= 1;
  let from = end;
  while (from > 0 && /^\s*(>|$)/.test(lines[from - 1]!)) from -= 1;
  while (from < end && /^\s*$/.test(lines[from]!)) from += 1;
  const forwarded = lines.findIndex((line) => FORWARDED.test(line.trim()));
  if (forwarded >= 0 && forwarded < from) from = forwarded;
  const quoted = lines.slice(from, end).map((line) => line.replace(/^\s*>\s?/, ""));
  let last = from;
  while (last > 0 && /^\s*$/.test(lines[last - 1]!)) last -= 1;
  if (from < end && last > 0 && ATTRIBUTION.test(lines[last - 1]!)) {
    // Programs break the line "On ... wrote:" in two.
    last -= 1;
    if (last > 0 && /^(on|am|le|el)\s/i.test(lines[last - 1]!.trim())) last -= 1;
  }
  const own = lines.slice(0, last);
  const signature = own.findIndex((line) => line === "-- " || line === "--");
  return {
    text: (signature < 0 ? own : own.slice(0, signature)).join("\n").trim(),
    quote: from < end ? quoted.join("\n").trim().slice(0, 4_000) || undefined : undefined,
  };
}
