/** Values of the database as JSON: what JSON has no form for stands in an object with the one key `$`. */

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

export function toPlain(value: unknown): Plain {
  if (value === undefined) return { $: ["undefined"] };
  if (typeof value === "bigint") return { $: ["bigint", value.toString()] };
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : { $: ["number", String(value)] };
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Uint8Array) return { $: ["bytes", toBase64(value)] };
  if (value instanceof ArrayBuffer) return { $: ["buffer", toBase64(new Uint8Array(value))] };
  if (value instanceof Map) return { $: ["map", [...value].map(([key, inner]) => [toPlain(key), toPlain(inner)])] };
  const entries = Object.entries(value as object).map(([name, inner]) => [name, toPlain(inner)] as const);
  const plain = Object.fromEntries(entries);
  return "$" in plain ? { $: ["object", plain] } : plain;
}

export function fromPlain(plain: Plain): unknown {
  if (plain === null || typeof plain !== "object") return plain;
  if (Array.isArray(plain)) return plain.map(fromPlain);
  const tagged = (plain as { readonly $?: readonly [string, Plain?] }).$;
  if (tagged === undefined) return objectOf(plain as { readonly [name: string]: Plain });
  const [kind, inner = null] = tagged;
  switch (kind) {
    case "undefined":
      return undefined;
    case "bigint":
      return BigInt(String(inner));
    case "number":
      return Number(inner);
    case "bytes":
      return fromBase64(String(inner));
    case "buffer":
      return fromBase64(String(inner)).buffer;
    case "map":
      return new Map((inner as readonly [Plain, Plain][]).map(([key, value]) => [fromPlain(key), fromPlain(value)]));
    default:
      return objectOf(inner as { readonly [name: string]: Plain });
  }
}

const objectOf = (plain: { readonly [name: string]: Plain }) => Object.fromEntries(Object.entries(plain).map(([name, inner]) => [name, fromPlain(inner)]));
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
// A copy of its own: what Buffer hands out is a piece of a shared pool.
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));
