import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { applyPatch } from "./apply-patch.ts";
import { replaceExact } from "./replace-exact.ts";

const MAX_BYTES = 4_000_000;
const MAX_TEXT = 400_000;

/** The tool `edit`: changes a text file by an exact replacement or a unified diff, whole or not at all. */
export function createEditTool(open: OpenWorkspace): Tool {
  const text = { type: "string", maxLength: MAX_TEXT };
  return defineTool<EditArgs>({
    spec: {
      name: "edit",
      description:
        "Change a text file of the workspace: replace `old`, which must occur exactly once, by `new`; or apply `patch`, a unified diff of this one file.",
      parameters: {
        type: "object",
        properties: {
          path: { type: "string", minLength: 1, maxLength: 4_096 },
          old: text,
          new: text,
          all: { type: "boolean", description: "replace every occurrence" },
          patch: text,
        },
        required: ["path"],
        additionalProperties: false,
      },
    },
    effects: ["read", "write"],
    idempotent: false,
    parallel: false,
    timeoutMs: 30_000,
    run: (args, context) => edit(args, context, open),
  });
}

interface EditArgs {
  readonly path: string;
  readonly old?: string;
  readonly new?: string;
  readonly all?: boolean;
  readonly patch?: string;
}

async function edit(args: EditArgs, context: ToolContext, open: OpenWorkspace): Promise<ToolResult> {
  const { path } = args;
  const change = changeOf(args);
  const workspace = await open(context);
  const file = await workspace.read(path, { limit: MAX_BYTES });
  const before = textOf(file.bytes, file.path);
  const after = change(before);
  if (after === before) throw new ToolError("no_change", "the edit changes nothing");
  // Only if the file is still the one that was read.
  const info = await workspace.write(file.path, new TextEncoder().encode(after), { digest: file.digest, label: context.label });
  return { text: `Edited ${info.path} (${info.size} bytes).`, error: false, label: file.label };
}

function changeOf({ old, new: replacement, patch, all = false }: EditArgs): (text: string) => string {
  if (patch !== undefined) {
    if (old !== undefined || replacement !== undefined || all) throw new ToolError("bad_arguments", "give either patch, or old and new");
    return (text) => applyPatch(text, patch);
  }
  if (old === undefined || old === "" || replacement === undefined) throw new ToolError("bad_arguments", "give old and new, or patch");
  return (text) => replaceExact(text, { old, replacement, all });
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ToolError("not_text", `${path} is not UTF-8 text`, { cause });
  }
}
