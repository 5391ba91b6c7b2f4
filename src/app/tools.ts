import type { Tool } from "../core/tool.ts";
import { createCalculateTool } from "../tools/calculate/index.ts";
import { createTimeTool } from "../tools/time/index.ts";

/** Every tool there is; the owner's config and the gate decide who may use which. */
export function createTools(): Tool[] {
  return [createTimeTool(), createCalculateTool()];
}
