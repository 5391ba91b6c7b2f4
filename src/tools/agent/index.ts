import { ToolError } from "../../core/errors.ts";
import type { Delegation, Tool } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

interface Args {
  readonly task: string;
  readonly tools?: readonly string[];
  readonly max_steps?: number;
}

/**
 * The tool `spawn_agent`: the hall makes the other turn and brings back its result. It has no effects of its own: what the sub-agent does passes the gate, with the
 * principal, the label and a part of the tools of whoever made it.
 */
export function createSpawnAgentTool(): Tool {
  return defineTool<Args>({
    spec: {
      name: "spawn_agent",
      description:
        "Hands a bounded task to a helper with an empty context and some of your tools; its answer is the result. Call it several times in one step for work side by side.",
      parameters: {
        type: "object",
        properties: {
          task: { type: "string", minLength: 1, maxLength: 20_000, description: "all it has to know" },
          tools: { type: "array", items: { type: "string", minLength: 1, maxLength: 64 }, maxItems: 50, description: "a part of yours; default all" },
          max_steps: { type: "integer", minimum: 1, maximum: 100 },
        },
        required: ["task"],
        additionalProperties: false,
      },
    },
    effects: [],
    idempotent: true,
    parallel: true,
    timeoutMs: 10_000,
    delegate: (args): Delegation => {
      const { task, tools, max_steps: maxSteps } = args as Args;
      return { task, ...(tools !== undefined && { tools }), ...(maxSteps !== undefined && { maxSteps }) };
    },
    run: async () => {
      throw new ToolError("only_in_a_turn", "a sub-agent can be made inside a conversation only");
    },
  });
}
