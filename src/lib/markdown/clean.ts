/** Longest run of blank characters that is kept; a chunk of more than this many characters is never blank. */
export const MAX_BLANK_RUN = 512;

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
const BLANK_RUN = new RegExp(`[\\s\\p{Default_Ignorable_Code_Point}]{${MAX_BLANK_RUN + 1},}`, "gu");
const BLANK = /^[\s\p{Default_Ignorable_Code_Point}]*$/u;

/**
 * Text that every platform takes: well-formed UTF-16 (a lone surrogate becomes U+FFFD), `\n` as the only line end, no control characters but tab, no endless
 * runs of blanks. All other text stays as it is.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(CONTROL, "")
    .replace(BLANK_RUN, (run) => [...run].slice(0, MAX_BLANK_RUN).join("").trimEnd() + (run.includes("\n") ? "\n\n" : " "));
}

/** Nothing that a person could see: white space and characters that are drawn as nothing (Unicode Default_Ignorable_Code_Point). */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}
