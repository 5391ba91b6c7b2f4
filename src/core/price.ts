import type { Usage } from "./model.ts";

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** @param model `provider:model`. @returns undefined for a model whose price nobody has told: its tokens are counted, its money is not known. */
export type PriceOf = (model: string) => Price | undefined;

/** US dollars. */
export function costOf(usage: Usage, price: Price): number {
  return (usage.input * price.input + usage.output * price.output + usage.cacheRead * price.cacheRead + usage.cacheWrite * price.cacheWrite) / 1_000_000;
}

/** What counts against a limit of tokens: what a provider reads again from its cache costs a fraction and does not. */
export function countedTokens({ input, output, cacheWrite }: Usage): number {
  return input + output + cacheWrite;
}
