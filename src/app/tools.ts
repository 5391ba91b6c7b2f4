import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Http, UntrustedHttp } from "../core/http.ts";
import type { Tool } from "../core/tool.ts";
import { createCalculateTool } from "../tools/calculate/index.ts";
import { createTimeTool } from "../tools/time/index.ts";
import { createWebTools } from "./web-tools.ts";

export interface ToolDeps {
  readonly config: Config;
  readonly http: Http & UntrustedHttp;
  readonly clock: Clock;
}

/** Every tool there is; the owner's config and the gate decide who may use which. */
export async function createTools(deps: ToolDeps): Promise<Tool[]> {
  return [createTimeTool(), createCalculateTool(), ...(await createWebTools(deps))];
}
