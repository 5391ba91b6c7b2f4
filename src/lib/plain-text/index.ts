/**
 * Text from outside made harmless for a terminal and a log reader: control characters (ANSI sequences begin with one), line breaks, and the invisible
 * characters that reorder or hide text (Unicode TR 36, section 2.8) become visible escapes (sec-28).
 */
// oxlint-disable-next-line no-control-regex -- these are exactly the characters it is about
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function escapeControls(text: string): string {
  return text.replace(HARMFUL, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** At most `length` UTF-16 units, an ellipsis included, never half a character. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = length - 1;
  const half = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return `${text.slice(0, half ? end - 1 : end)}…`;
}

/** With a large first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
