import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

const MAX_CONTENT = 1_000_000;

/** The tool `write`: makes, replaces or extends a file of the workspace. */
export function createWriteTool(open: OpenWorkspace): Tool {
  return defineTool<WriteArgs>({
    spec: {
      name: "write",
      description: "Write a file of the workspace: replaces it, or adds to its end.",
      parameters: {
        type: "object",
        properties: {
          path: { type: "string", minLength: 1, maxLength: 4_096 },
          content: { type: "string", maxLength: MAX_CONTENT },
          append: { type: "boolean", description: "add to the end instead" },
        },
        required: ["path", "content"],
        additionalProperties: false,
      },
    },
    effects: ["write"],
    idempotent: false,
    parallel: false,
    timeoutMs: 30_000,
    run: (args, context) => writeFile(args, context, open),
  });
}

interface WriteArgs {
  readonly path: string;
  readonly content: string;
  readonly append?: boolean;
}

async function writeFile({ path, content, append = false }: WriteArgs, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const workspace = await open(context);
  const bytes = new TextEncoder().encode(content);
  const info = await workspace[append ? "append" : "write"](path, bytes, { label: context.label });
  return { text: append ? `Added ${bytes.length} bytes to ${info.path} (now ${info.size}).` : `Wrote ${info.path} (${info.size} bytes).`, error: false };
}
