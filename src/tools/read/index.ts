import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

const MAX_BYTES = 8_000_000;
const MAX_LINES = 2_000;
const MAX_TEXT = 24_000;

/** The tool `read`: a text file of the workspace, or some lines of it. */
export function createReadTool(open: OpenWorkspace): Tool {
  return defineTool<ReadArgs>({
    spec: {
      name: "read",
      description: "Read a text file of the workspace.",
      parameters: {
        type: "object",
        properties: {
          path: { type: "string", minLength: 1, maxLength: 4_096 },
          line: { type: "integer", minimum: 1, description: "first line; default 1" },
          lines: { type: "integer", minimum: 1, maximum: MAX_LINES, description: `how many; default ${MAX_LINES}` },
        },
        required: ["path"],
        additionalProperties: false,
      },
    },
    effects: ["read"],
    idempotent: true,
    parallel: true,
    timeoutMs: 15_000,
    run: (args, context) => readFile(args, context, open),
  });
}

interface ReadArgs {
  readonly path: string;
  readonly line?: number;
  readonly lines?: number;
}

async function readFile({ path, line: first = 1, lines: count = MAX_LINES }: ReadArgs, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const workspace = await open(context);
  const file = await workspace.read(path, { limit: MAX_BYTES, part: true });
  if (file.bytes.subarray(0, 8_192).includes(0)) return { text: `${file.path} is not text (${file.size} bytes).`, error: false, label: file.label };
  return { text: pieceOf(new TextDecoder().decode(file.bytes), { first, count, cut: file.size > file.bytes.length }), error: false, label: file.label };
}

/** Whole lines, as many as fit; a note says what is left out. */
function pieceOf(text: string, { first, count, cut }: { readonly first: number; readonly count: number; readonly cut: boolean }): string {
  if (text === "") return "(the file is empty)";
  const lines = text.split("\n");
  // The line break that ends a file begins no line.
  if (lines.at(-1) === "" && lines.length > 1) lines.pop();
  if (first > lines.length) throw new ToolError("bad_arguments", `the file has ${lines.length} lines`);
  const wanted = lines.slice(first - 1, first - 1 + count);
  let taken = 0;
  let size = 0;
  while (taken < wanted.length && (taken === 0 || size + wanted[taken]!.length < MAX_TEXT)) size += wanted[taken++]!.length + 1;
  const shown = wanted.slice(0, taken).join("\n").slice(0, MAX_TEXT);
  const last = first - 1 + taken;
  if (first === 1 && last === lines.length && !cut && shown.length <= MAX_TEXT && size <= MAX_TEXT + 1) return shown;
  return `${shown}\n[lines ${first} to ${last} of ${cut ? "more than " : ""}${lines.length}]`;
}
