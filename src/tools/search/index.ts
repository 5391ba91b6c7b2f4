import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { clip, escapeControls } from "../../lib/plain-text/index.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

const MAX_MATCHES = 200;
const MAX_LINE = 240;
const MAX_TEXT = 24_000;
const TIME_MS = 8_000;

/** The tool `search`: lines of the workspace's text files that contain a text or match a regular expression. */
export function createSearchTool(open: OpenWorkspace): Tool {
  return defineTool<SearchArgs>({
    spec: {
      name: "search",
      description: "Search the text files of the workspace, line by line.",
      parameters: {
        type: "object",
        properties: {
          pattern: { type: "string", minLength: 1, maxLength: 1_000 },
          regex: { type: "boolean", description: "pattern is a regular expression" },
          ignore_case: { type: "boolean" },
          path: { type: "string", maxLength: 4_096, description: "file or folder; default: the workspace" },
          files: { type: "string", maxLength: 200, description: "only these, such as *.md or src/**/*.ts" },
        },
        required: ["pattern"],
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: TIME_MS + 7_000,
    run: (args, context) => search(args, context, open),
  });
}

interface SearchArgs {
  readonly pattern: string;
  readonly regex?: boolean;
  readonly ignore_case?: boolean;
  readonly path?: string;
  readonly files?: string;
}

async function search(args: SearchArgs, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const { pattern, path = "", files, ignore_case: ignoreCase = false } = args;
  const kind = args.regex === true ? "regex" : "literal";
  const workspace = await open(context);
  const found = await workspace.search(
    { pattern, kind, ignoreCase, path, limit: MAX_MATCHES, timeMs: TIME_MS, ...(files !== undefined && { files }) },
    { signal: context.signal },
  );
  const lines = found.matches.map((match) => `${escapeControls(match.path)}:${match.line}: ${clip(match.text, MAX_LINE)}`);
  let shown = 0;
  for (let size = 0; shown < lines.length && size + lines[shown]!.length < MAX_TEXT; shown++) size += lines[shown]!.length + 1;
  const notes = [
    ...(lines.length === 0 ? [`no match in ${found.files} files`] : []),
    ...(found.cut === "limit" || shown < lines.length ? [`there may be more than these ${shown}`] : []),
    ...(found.cut === "time" ? [`the time was up after ${found.files} files; use a simpler pattern or name a folder`] : []),
  ];
  const text = [...lines.slice(0, shown), ...notes.map((note) => `[${note}]`)].join("\n");
  return { text, error: false, label: workspace.label() };
}
