import { ToolError } from "../../src/core/errors.ts";
import type { Tool } from "../../src/core/tool.ts";
import { createSpawnAgentTool } from "../../src/tools/agent/index.ts";
import { never } from "./sim-store.ts";
import type { Owner } from "./timeline.ts";
import type { SimWorld } from "./sim-world.ts";

/** `count` must not be run twice for one plan; `look` may be; `pay` must not either, and the owner is asked for it. */
export function createSimTools(world: SimWorld, owner: Owner): Tool[] {
  const tool = (name: string, safe: boolean): Tool => ({
    spec: {
      name,
      description: name,
      parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false },
    },
    effects: name === "pay" ? (["message"] as const) : [],
    idempotent: safe,
    parallel: safe,
    timeoutMs: 30_000,
    ...(name === "pay" && { review: () => ({ ask: "it costs money" }) }),
    async run(args) {
      if (owner.dead) return await never();
      const { id } = args as { id: string };
      if (world.strikes(world.faults.toolFails)) throw new ToolError("tool_failed", "it did not work");
      if (world.strikes(world.faults.toolHangs)) return await never();
      await world.call(owner, `tool ${name}`, () => world.watch.ran(owner, name, id));
      return { text: `${name} ${id} done`, error: false };
    },
  });
  const own = [tool("count", false), tool("look", true), tool("pay", false)];
  return world.climate.helpers ? [...own, createSpawnAgentTool()] : own;
}
