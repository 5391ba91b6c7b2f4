import type { Random } from "../core/random.ts";

/** Crockford's base 32: no I, L, O, U, so that a code can be read aloud (https://www.crockford.com/base32.html). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A code that a person types; five bits of chance per character. */
export function newCode(random: Random, length: number): string {
  return [...random.bytes(length)].map((byte) => ALPHABET[byte % 32]).join("");
}

/** What a person typed, as the code it means. */
export function normalCode(text: string): string {
  return text.toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1").replace(/[\s-]/g, "");
}
