import { SHORTEST_NEEDLE } from "./needles.ts";

/** Encoded forms of anything shorter would match ordinary words. */
const SHORTEST_ENCODED = 6;

/**
 * The ways in which a secret value turns up in text: as it is, URL- and form-encoded, inside a JSON string, in hex, and in base64 at each of the three
 * alignments it can have behind other bytes (`Basic base64(user:password)`), in both alphabets.
 */
export function secretForms(value: string): string[] {
  const forms = new Set<string>([value, value.trim()]);
  if (value.length >= SHORTEST_ENCODED) {
    const percent = percentEncode(value);
    const bytes = Buffer.from(value, "utf8");
    forms.add(percent);
    forms.add(percent.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()));
    forms.add(percent.replaceAll("%20", "+"));
    forms.add(encodeURI(value.toWellFormed()));
    forms.add(new URLSearchParams({ v: value }).toString().slice(2));
    forms.add(JSON.stringify(value).slice(1, -1));
    // util.inspect in single quotes escapes backslashes but not double quotes; then perhaps inside JSON.
    const inspected = value.replaceAll("\\", "\\\\");
    forms.add(inspected);
    forms.add(JSON.stringify(inspected).slice(1, -1));
    forms.add(JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1));
    forms.add(bytes.toString("hex"));
    forms.add(bytes.toString("hex").toUpperCase());
    for (const skip of [0, 1, 2]) {
      const inner = base64At(bytes, skip);
      forms.add(inner);
      forms.add(inner.replaceAll("+", "-").replaceAll("/", "_"));
    }
  }
  return [...forms].filter((form) => form.length >= SHORTEST_NEEDLE);
}

function percentEncode(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** The characters of the base64 text that depend on these bytes alone when `skip` (mod 3) unknown bytes stand before them and any bytes behind. */
function base64At(bytes: Uint8Array, skip: number): string {
  const text = Buffer.concat([Buffer.alloc(skip), bytes])
    .toString("base64")
    .replaceAll("=", "");
  const first = Math.ceil((skip * 8) / 6);
  const last = Math.floor(((skip + bytes.length) * 8) / 6);
  return text.slice(first, last);
}
