import { ToolError } from "../../core/errors.ts";
import type { ExecEnd, ExecPlan, ExecProfile, ExecProgram, ExecRequest, ExecResult, Processes } from "../../core/processes.ts";
import { joinLabels, type Label } from "../../core/label.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import type { OpenWorkspace, Workspace } from "../../core/workspace.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

export interface ShellPowers {
  readonly processes: Processes;
  readonly open: OpenWorkspace;
  /** Sandboxed or on the host, as the owner's config says for who speaks. */
  readonly profile: (context: ToolContext) => ExecProfile;
  /** Longest time of a program that is waited for, milliseconds. */
  readonly timeMs: number;
}

/** Programs in the background end after this long. */
const BACKGROUND_MS = 3_600_000;
const MAX_COMMAND = 50_000;

/** The tool `shell`: a program or a script in the workspace, in a sandbox unless the owner's config says otherwise. */
export function createShellTool(powers: ShellPowers): Tool {
  const longest = Math.floor(powers.timeMs / 1_000);
  return defineTool<ShellArgs>({
    spec: {
      name: "shell",
      description: "Run a program in the workspace. Prefer argv: it is run as it is; a script is text for the shell. There is usually no network.",
      parameters: {
        type: "object",
        properties: {
          argv: { type: "array", items: { type: "string", maxLength: MAX_COMMAND }, minItems: 1, maxItems: 500 },
          script: { type: "string", minLength: 1, maxLength: MAX_COMMAND },
          cwd: { type: "string", maxLength: 4_096, description: "folder; default: the workspace" },
          stdin: { type: "string", maxLength: 200_000 },
          timeout_secs: { type: "integer", minimum: 1, maximum: longest, description: `default ${longest}` },
          background: { type: "boolean", description: "do not wait; see the tool process" },
        },
        additionalProperties: false,
      },
    },
    effects: ["exec"],
    idempotent: false,
    parallel: false,
    // The program's own limit comes first.
    timeoutMs: powers.timeMs + 15_000,
    facts: async (args, context) => ({ ...(await processPlan(args as ShellArgs, context, powers)) }),
    run: (args, context) => runShell(args, context, powers),
  });
}

/** Arguments of `shell`, as its schema allows them. */
export interface ShellArgs {
  readonly argv?: readonly string[];
  readonly script?: string;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly timeout_secs?: number;
  readonly background?: boolean;
}

/** What a call of `shell` asks for: also what an approval is about. @throws ToolError `bad_arguments` */
export function shellRequest(
  args: ShellArgs,
  profile: ExecProfile,
  { workspace, timeMs }: { readonly workspace: string; readonly timeMs: number },
): ExecRequest {
  const { argv, script, cwd, stdin, timeout_secs: seconds, background } = args;
  return {
    program: programOf(argv, script),
    profile,
    workspace,
    ...(cwd !== undefined && { cwd }),
    ...(stdin !== undefined && { stdin }),
    limits: { timeMs: background === true ? BACKGROUND_MS : seconds === undefined ? timeMs : seconds * 1_000 },
  };
}

function programOf(argv: readonly string[] | undefined, script: string | undefined): ExecProgram {
  if ((argv === undefined) === (script === undefined)) throw new ToolError("bad_arguments", "give either argv or script");
  if (argv !== undefined) {
    if (argv.length === 0 || argv[0] === "") throw new ToolError("bad_arguments", "argv is empty");
    return { kind: "argv", argv };
  }
  return { kind: "script", script: script! };
}

/** What would run, as facts: an approval is bound to them, and the run is held against them once more. */
async function processPlan(args: ShellArgs, context: ToolContext, { processes, open, profile, timeMs }: ShellPowers): Promise<ExecPlan> {
  programOf(args.argv, args.script);
  const { root } = await open(context);
  return await processes.plan(shellRequest(args, profile(context), { workspace: root, timeMs }));
}

async function runShell(args: ShellArgs, context: ToolContext, { processes, open, profile, timeMs }: ShellPowers): Promise<ToolResult> {
  // Looked at before anything is made.
  programOf(args.argv, args.script);
  const workspace = await open(context);
  const request = shellRequest(args, profile(context), { workspace: workspace.root, timeMs });
  const approved = context.facts === undefined ? {} : { plan: context.facts as unknown as ExecPlan };
  // A program may write what it has read, and what it was told, anywhere.
  const label = labelOf(workspace, request.profile);
  await workspace.taint(joinLabels(context.label, label));
  if (args.background === true) {
    const started = await processes.start(context.sessionId, request, approved);
    return { text: `Started as ${started.id}; poll or kill it with the tool process. It ends after an hour.`, error: false };
  }
  const result = await processes.run(request, { signal: context.signal, ...approved });
  return { text: textOf(result), error: !(result.end.kind === "exited" && result.end.code === 0), label };
}

/** Programs of the host may print anything from anywhere. */
function labelOf(workspace: Workspace, profile: ExecProfile): Label {
  const label = workspace.label();
  return profile === "host" ? joinLabels(label, { integrity: "EXTERNAL", confidentiality: "PRIVATE" }) : label;
}

function textOf({ end, output }: ExecResult): string {
  const note = describeEnd(end);
  const body = output.replace(/\n$/u, "");
  if (body === "") return note ?? "(no output)";
  return note === undefined ? body : `${body}\n${note}`;
}

function describeEnd(end: ExecEnd): string | undefined {
  switch (end.kind) {
    case "exited":
      return end.code === 0 ? undefined : `[exit code ${end.code}]`;
    case "signalled":
      return `[ended by ${end.signal}]`;
    case "limit":
      return `[stopped: more ${end.limit === "processes" ? "processes" : end.limit} than allowed]`;
    case "cancelled":
      return "[cancelled]";
  }
}
