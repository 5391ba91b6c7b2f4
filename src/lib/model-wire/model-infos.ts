import type { ModelInfo } from "../../core/model.ts";
import type { WireOptions } from "./compat.ts";

/** What is known about one model. A dated name (`NAME-20260401`, `NAME-2026-04-01`) is the model it dates. */
export function infoOf(options: WireOptions, model: string): ModelInfo | undefined {
  const undated = model.replace(/-(20\d{6}|20\d\d-\d\d-\d\d)$/, "");
  return options.models?.find((info) => info.id === model) ?? options.models?.find((info) => info.id === undated);
}

/** Whether a listed model is one to talk to. */
export function isChat(options: WireOptions, model: string): boolean {
  return model !== "" && (options.compat?.notChat === undefined || !new RegExp(options.compat.notChat, "i").test(model));
}

/** A listed model with what is known about it: the provider's own figures first. */
export function mergeModels(options: WireOptions, listed: { id: string; contextTokens: number; images?: boolean; thinking?: boolean }): ModelInfo {
  const known = infoOf(options, listed.id);
  return {
    id: listed.id,
    contextTokens: listed.contextTokens || known?.contextTokens || options.contextTokens || 0,
    images: listed.images ?? known?.images ?? false,
    thinking: listed.thinking ?? known?.thinking ?? false,
  };
}
