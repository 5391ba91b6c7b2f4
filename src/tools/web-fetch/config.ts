import { described, v } from "../../lib/schema/index.ts";

/** `[tools.web_fetch]` */
export const webFetchConfig = v.strictObject({
  max_bytes: described(
    v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1_000), v.maxValue(20_000_000)), 2_000_000),
    "Bytes of a page that are read; the rest is left out.",
  ),
  ports: described(
    v.optional(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_535))), [80, 443]),
    "Ports of web servers that may be asked. Addresses are always public ones.",
  ),
});

export type WebFetchConfig = v.InferOutput<typeof webFetchConfig>;
