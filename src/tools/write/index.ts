import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { toolArgs } from "../../lib/tool-args/index.ts";

const MAX_CONTENT = 1_000_000;

/** The tool `write`: makes, replaces or extends a file of the workspace. */
export function createWriteTool(open: OpenWorkspace): Tool {
  return {
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
  };
}

async function writeFile(args: unknown, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const given = toolArgs(args, ["path", "content", "append"]);
  const path = given.needText("path");
  const content = given.text("content");
  if (content === undefined) throw new ToolError("bad_arguments", "content is missing");
  if (content.length > MAX_CONTENT) throw new ToolError("bad_arguments", `content is longer than ${MAX_CONTENT} characters`);
  if (context.signal.aborted) throw new ToolError("aborted", "the call was aborted");
  const workspace = await open(context);
  const bytes = new TextEncoder().encode(content);
  const append = given.flag("append");
  const info = await workspace[append ? "append" : "write"](path, bytes, { label: context.label });
  return { text: append ? `Added ${bytes.length} bytes to ${info.path} (now ${info.size}).` : `Wrote ${info.path} (${info.size} bytes).`, error: false };
}
