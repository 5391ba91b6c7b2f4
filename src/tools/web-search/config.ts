import { described, secret, v } from "../../lib/schema/index.ts";

const url = v.pipe(v.string(), v.trim(), v.url("must be a URL"), v.regex(/^https?:\/\//i, "must begin with http:// or https://"));

/** `[tools.web_search]`; without it there is no such tool. */
export const webSearchConfig = v.pipe(
  v.strictObject({
    provider: described(v.picklist(["searxng", "brave", "tavily", "duckduckgo"]), "Who searches. duckduckgo needs no key, searxng is your own.", {
      example: "duckduckgo",
    }),
    base_url: described(v.optional(url), "Where the provider answers; needed for searxng.", { example: "http://127.0.0.1:8888" }),
    api_key: described(v.optional(secret()), "Needed for brave and tavily."),
  }),
  v.check(({ provider, base_url }) => provider !== "searxng" || base_url !== undefined, "searxng needs base_url: the address of your instance"),
  v.check(({ provider, api_key }) => (provider !== "brave" && provider !== "tavily") || api_key !== undefined, "brave and tavily need an api_key"),
);

export type WebSearchConfig = v.InferOutput<typeof webSearchConfig>;
