import type { Tool } from "../core/tool.ts";
import { createCalculateTool } from "../tools/calculate/index.ts";
import { createTimeTool } from "../tools/time/index.ts";
import { createWebTools, type WebToolDeps } from "./web-tools.ts";

/** Every tool there is; the owner's config and the gate decide who may use which. */
export async function createTools(deps: WebToolDeps): Promise<Tool[]> {
  return [createTimeTool(), createCalculateTool(), ...(await createWebTools(deps))];
}
