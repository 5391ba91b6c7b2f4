import { described, v } from "../lib/schema/index.ts";

const tokens = (description: string) => described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0), description);
const usd = (description: string) => described(v.optional(v.pipe(v.number(), v.minValue(0)), 0), description);
const price = v.pipe(v.number(), v.minValue(0));

const pricing = v.strictObject({
  input: described(price, "Prompt tokens that are in no cache.", { example: 3 }),
  output: described(price, "Tokens of the answer, thinking included.", { example: 15 }),
  cache_read: described(v.optional(price), "Prompt tokens read from the provider's cache; default: as input.", { example: 0.3 }),
  cache_write: described(v.optional(price), "Prompt tokens written to the provider's cache; default: as input.", { example: 3.75 }),
});

/** `[usage]`: what may be spent, and what it costs. */
export const usageConfig = v.strictObject({
  day_tokens: tokens(
    "Most tokens of one day, from midnight in this machine's time zone (TZ), of everything together; without what providers read from their caches. 0 = no limit.",
  ),
  day_usd: usd("Most US dollars of one day, of the models whose price is known. 0 = no limit."),
  session_tokens: tokens("Most tokens of one conversation, with its sub-agents; /new begins another one. 0 = no limit."),
  session_usd: usd("Most US dollars of one conversation, of the models whose price is known. 0 = no limit."),
  pricing: described(
    v.optional(v.record(v.pipe(v.string(), v.nonEmpty("must not be empty")), pricing), {}),
    "Prices by provider:model, or by model alone for whichever provider, US dollars per million tokens; they go before the built-in list prices.",
  ),
});

export type UsageConfig = v.InferOutput<typeof usageConfig>;
