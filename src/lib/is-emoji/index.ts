const SIGN = String.raw`\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?`;
const EMOJI = new RegExp(String.raw`^(?:\p{RGI_Emoji}|${SIGN}(?:\u200D${SIGN})*)$`, "v");

/** Whether a text is one emoji (Unicode TR51, ED-27), with or without its variation selectors: for platforms that take any text as a reaction and show what is none to nobody. */
export function isEmoji(text: string): boolean {
  return EMOJI.test(text);
}
