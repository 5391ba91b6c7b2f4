/** Only addresses that open a page or a letter; anything else (javascript:, data:, blob:, file:, our own paths) stays text (sec-26). */
export function safeLink(href: string): string | undefined {
  try {
    const url = new URL(href);
    return url.protocol === "https:" || url.protocol === "http:" || url.protocol === "mailto:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
