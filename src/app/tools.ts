import type { Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Tool } from "../core/tool.ts";
import { createCalculateTool } from "../tools/calculate/index.ts";
import { createMemoryTools } from "../tools/memory/index.ts";
import { createSessionTools } from "../tools/session/index.ts";
import { createTimeTool } from "../tools/time/index.ts";

/** Every tool there is; the owner's config and the gate decide who may use which. */
export function createTools(deps: { readonly store: Store; readonly random: Random }): Tool[] {
  return [createTimeTool(), createCalculateTool(), ...createMemoryTools(deps), ...createSessionTools(deps)];
}
