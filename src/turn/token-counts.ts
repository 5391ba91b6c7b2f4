/** Hall, step 3, context: how many tokens a prompt really has. The provider's own counts correct our estimate, per model, and survive a restart in the usage rows. */
import { createCalibration } from "../agent/calibration.ts";
import { estimateTools } from "../agent/tokens.ts";
import type { Usage } from "../core/model.ts";
import type { Store } from "../core/store.ts";
import type { Tool } from "../core/tool.ts";

export interface TokenCounts {
  /** Tokens of this model for one estimated token. The first time it asks the store. */
  ratio(model: string): Promise<number>;
  learn(model: string, estimated: number, usage: Usage): void;
  /** Estimated tokens of tools as a model is offered them. They are the same in every turn, so they are counted once. */
  tools(tools: readonly Tool[]): number;
}

/** Usage rows that a ratio is restored from. */
const ROWS = 50;

export function createTokenCounts(store: Pick<Store, "usageEstimates">): TokenCounts {
  const calibration = createCalibration();
  const restored = new Set<string>();
  const counted = new WeakMap<Tool, number>();
  const one = (tool: Tool) => {
    const tokens = counted.get(tool) ?? estimateTools([tool.spec]);
    counted.set(tool, tokens);
    return tokens;
  };
  return {
    async ratio(model) {
      if (!restored.has(model) && !calibration.knows(model)) {
        restored.add(model);
        calibration.learn(model, await store.usageEstimates({ model, limit: ROWS }));
      }
      return calibration.ratio(model);
    },
    tools: (tools) => tools.reduce((sum, tool) => sum + one(tool), 0),
    learn: (model, estimated, { input, cacheRead, cacheWrite }) => calibration.learn(model, { estimated, counted: input + cacheRead + cacheWrite }),
  };
}
