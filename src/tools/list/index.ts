import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { FileInfo, OpenWorkspace } from "../../core/workspace.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

const MAX_ITEMS = 500;
const MAX_DEPTH = 20;
const MAX_TEXT = 24_000;

/** The tool `list`: what is in a folder of the workspace. */
export function createListTool(open: OpenWorkspace): Tool {
  return defineTool<ListArgs>({
    spec: {
      name: "list",
      description: "List files and folders of the workspace.",
      parameters: {
        type: "object",
        properties: {
          path: { type: "string", maxLength: 4_096, description: "folder; default: the workspace" },
          depth: { type: "integer", minimum: 1, maximum: MAX_DEPTH, description: "default 1" },
        },
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: 15_000,
    run: (args, context) => list(args, context, open),
  });
}

interface ListArgs {
  readonly path?: string;
  readonly depth?: number;
}

async function list({ path = "", depth = 1 }: ListArgs, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const workspace = await open(context);
  const { items, more } = await workspace.list(path, { depth, limit: MAX_ITEMS, signal: context.signal });
  // Names are content like any other: whoever made a file chose its name (sec-96).
  const label = workspace.label();
  if (items.length === 0) return { text: "(empty)", error: false, label };
  const lines = items.map(lineOf);
  let shown = 0;
  for (let size = 0; shown < lines.length && size + lines[shown]!.length < MAX_TEXT; shown++) size += lines[shown]!.length + 1;
  const left = more || shown < lines.length ? `\n[more than ${shown}; name a folder]` : "";
  return { text: `${lines.slice(0, shown).join("\n")}${left}`, error: false, label };
}

function lineOf({ path, kind, size }: FileInfo): string {
  const name = escapeControls(path);
  if (kind === "folder") return `${name}/`;
  return kind === "file" ? `${name}  ${size} bytes` : `${name}  (${kind === "link" ? "link" : "not a file"})`;
}
