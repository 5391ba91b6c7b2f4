import { ToolError } from "../../core/errors.ts";
import type { BackgroundProcess, Processes } from "../../core/processes.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace } from "../../core/workspace.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

/** The tool `process`: what this session's programs in the background do, and their end. Those of other sessions do not exist for it. */
export function createProcessTool({ processes, open }: ProcessPowers): Tool {
  return defineTool<ProcessArgs>({
    spec: {
      name: "process",
      description: "Programs started by shell in the background: list them, poll new output, or kill.",
      parameters: {
        type: "object",
        properties: { action: { type: "string", enum: ["list", "poll", "kill"] }, id: { type: "string", maxLength: 64, description: "for poll and kill" } },
        required: ["action"],
        additionalProperties: false,
      },
    },
    // It reaches nothing but what shell was allowed to start.
    effects: ["read"],
    idempotent: false,
    parallel: false,
    timeoutMs: 15_000,
    run: (args, context) => act(args, context, { processes, open }),
  });
}

interface ProcessArgs {
  readonly action: "list" | "poll" | "kill";
  readonly id?: string;
}

interface ProcessPowers {
  readonly processes: Processes;
  readonly open: OpenWorkspace;
}

async function act({ action, id }: ProcessArgs, context: ToolContext, { processes, open }: ProcessPowers): Promise<ToolResult> {
  if (action !== "list" && id === undefined) throw new ToolError("bad_arguments", "id is missing");
  const own = processes.list(context.sessionId);
  // What programs print has the label of what they may have read.
  const label = (await open(context)).label();
  if (action === "list") return { text: own.map(lineOf).join("\n") || "(none)", error: false, label };
  const found = own.find((one) => one.id === id);
  if (found === undefined) throw new ToolError("not_found", "there is no such background process", { hint: "see: action list" });
  if (action === "kill") await found.kill();
  const output = found.poll();
  return { text: `${output}${output === "" || output.endsWith("\n") ? "" : "\n"}[${stateOf(found)}]`, error: false, label };
}

function lineOf(process: BackgroundProcess): string {
  return `${process.id}  ${stateOf(process)}  ${escapeControls(process.title)}`;
}

function stateOf(process: BackgroundProcess): string {
  const end = process.end();
  if (end === undefined) return "running";
  if (end.kind === "exited") return `ended with code ${end.code}`;
  if (end.kind === "signalled") return `ended by ${end.signal}`;
  return end.kind === "limit" ? `stopped: more ${end.limit} than allowed` : "ended";
}
