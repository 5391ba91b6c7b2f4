/** How a model's own count of tokens stands to our estimate, learned from what it reports (the provider's count is the truth, the estimate is what there is before). */
export interface Calibration {
  /** Tokens of this model for one estimated token; 1 while nothing is known. */
  ratio(model: string): number;
  /** One prompt: what we took it for, and what the provider counted (cached tokens included). */
  learn(model: string, sample: { readonly estimated: number; readonly counted: number }): void;
  knows(model: string): boolean;
}

/** A count that is further off is a different thing than a prompt: a provider that does not report, or one that bills something else. */
const LEAST = 0.4;
const MOST = 2.5;
/** Shorter prompts are mostly overhead. */
const MIN_TOKENS = 200;
/** A new sample's weight against all before it. */
const WEIGHT = 0.2;
/** Models that are remembered; the one learned longest ago goes. */
const MAX_MODELS = 100;

export function createCalibration(): Calibration {
  const ratios = new Map<string, number>();
  return {
    ratio: (model) => ratios.get(model) ?? 1,
    knows: (model) => ratios.has(model),
    learn(model, { estimated, counted }) {
      if (estimated < MIN_TOKENS || counted <= 0) return;
      const sample = counted / estimated;
      if (sample < LEAST || sample > MOST) return;
      const before = ratios.get(model);
      ratios.delete(model);
      ratios.set(model, before === undefined ? sample : before + WEIGHT * (sample - before));
      if (ratios.size > MAX_MODELS) ratios.delete(ratios.keys().next().value!);
    },
  };
}
