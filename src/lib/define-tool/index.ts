import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { checkArgs } from "../check-args/index.ts";

export type ToolDefinition<A> = Omit<Tool, "run"> & {
  /** @param args fit `spec.parameters`. @throws ToolError */
  run(args: A, context: ToolContext): Promise<ToolResult>;
};

/**
 * A tool whose arguments are checked against its own schema, however it is called, and that does not begin when it is already aborted.
 * @typeParam A what `spec.parameters` describes.
 * @throws ToolError `aborted`, `bad_arguments` from `run`, beside the tool's own
 */
export function defineTool<A extends object>(definition: ToolDefinition<A>): Tool {
  return {
    ...definition,
    run: async (args, context) => {
      if (context.signal.aborted) throw new ToolError("aborted", "the call was aborted");
      const wrong = checkArgs(definition.spec.parameters, args);
      if (wrong !== undefined) throw new ToolError("bad_arguments", wrong);
      return await definition.run(args as A, context);
    },
  };
}
