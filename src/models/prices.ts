import type { Price, PriceOf } from "../core/price.ts";
import { providerPresets } from "./catalogue.ts";

/** The day on which the list prices of the catalogue were put down. Vendors change them: `[usage.pricing]` goes first. */
export const PRICES_AS_OF = "2026-11-21";

/** A price as the owner writes it. */
export interface OwnPrice {
  readonly input: number;
  readonly output: number;
  readonly cache_read?: number | undefined;
  readonly cache_write?: number | undefined;
}

const FREE: Price = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
/** They run here: nobody sends a bill. */
const OWN_MACHINE: ReadonlySet<string> = new Set(["offline", "ollama"]);
/** Vendors name one version of a model by its date. */
const DATED = /[-@]20\d{2}-?\d{2}-?\d{2}$/;

/** @param own the owner's prices now, by `provider:model` or by model alone. */
export function createPriceOf(own: () => Readonly<Record<string, OwnPrice>>): PriceOf {
  return (model) => {
    const mine = own();
    const colon = model.indexOf(":");
    const provider = model.slice(0, colon);
    const name = model.slice(colon + 1);
    for (const key of [model, name]) if (Object.hasOwn(mine, key)) return priceOf(mine[key]!);
    if (OWN_MACHINE.has(provider)) return FREE;
    if (!Object.hasOwn(providerPresets, provider)) return undefined;
    const { models } = providerPresets[provider]!;
    return (models.find(({ id }) => id === name) ?? models.find(({ id }) => id === name.replace(DATED, "")))?.price;
  };
}

function priceOf({ input, output, cache_read: cacheRead = input, cache_write: cacheWrite = input }: OwnPrice): Price {
  return { input, output, cacheRead, cacheWrite };
}
