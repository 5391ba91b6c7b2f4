import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Env } from "../config/env.ts";
import type { Places } from "../config/places.ts";
import type { Config } from "../config/schema.ts";
import { ToolError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Processes } from "../core/processes.ts";
import type { Tool } from "../core/tool.ts";
import type { OpenWorkspace, Workspaces } from "../core/workspace.ts";
import { createProcesses } from "../security/host/processes/index.ts";
import { SANDBOX_USER } from "../security/host/sandbox/index.ts";
import { createWorkspaces } from "../security/host/workspace/index.ts";
import { reviewExec } from "../security/review-exec.ts";
import { execProfile } from "../security/sandbox-mode.ts";
import { createEditTool } from "../tools/edit/index.ts";
import { createListTool } from "../tools/list/index.ts";
import { createProcessTool } from "../tools/process/index.ts";
import { createReadTool } from "../tools/read/index.ts";
import { createSearchTool } from "../tools/search/index.ts";
import { createShellTool } from "../tools/shell/index.ts";
import { createWriteTool } from "../tools/write/index.ts";

export interface LocalPowers {
  readonly processes: Processes;
  readonly workspaces: Workspaces;
}

/** Tools for files and programs. */
export function createLocalTools({ agents: { sandbox } }: Config, { processes, workspaces }: LocalPowers): Tool[] {
  const profile = ({ principal }: Pick<Parameters<OpenWorkspace>[0], "principal">) => execProfile(sandbox.mode, principal);
  // sec-60: where a sandbox is required, files are not touched without one either.
  const open: OpenWorkspace = async (owner) => {
    const found = await processes.availability(profile(owner));
    if (found.kind === "unavailable") throw new ToolError("sandbox_unavailable", `there is no sandbox on this machine: ${found.reason}`, { hint: found.hint });
    return workspaces.open(owner);
  };
  return [
    createReadTool(open),
    createWriteTool(open),
    createEditTool(open),
    createListTool(open),
    createSearchTool(open),
    { ...createShellTool({ processes, open, profile, timeMs: sandbox.timeout_secs * 1_000 }), review: reviewExec },
    createProcessTool({ processes, open }),
  ];
}

/** Bytes of output after which a program is stopped: far more than a model can use. */
const OUTPUT_BYTES = 50_000_000;

/** Programs and files, as the config sets them up; whose folder is which holds at once when it is changed. */
export function openLocalPowers(config: () => Config, places: Places, { env, log }: { readonly env: Env; readonly log: Log }): LocalPowers {
  const { sandbox } = config().agents;
  const processes = createProcesses({
    sandbox,
    limits: {
      timeMs: sandbox.timeout_secs * 1_000,
      memoryMb: sandbox.memory_mb,
      processes: sandbox.processes,
      fileMb: sandbox.file_mb,
      outputBytes: OUTPUT_BYTES,
    },
    dataFolder: places.dataFolder,
    configFolder: places.configFolder,
    containerEnv: pick(env, ["PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "CONTAINER_HOST"]),
    log,
  });
  const named = (agent: string) => (agent === "main" ? config().agents.workspace : config().agents.list[agent]?.workspace);
  const home = env["HOME"] ?? homedir();
  return {
    processes,
    workspaces: createWorkspaces({
      folderOf: (agent) => {
        const folder = named(agent);
        // A relative folder is beside the config file that names it.
        return folder === undefined ? join(places.dataFolder, "workspaces", agent) : resolve(places.configFolder, folder.replace(/^~(?=\/|$)/u, home));
      },
      dataFolder: places.dataFolder,
      configFolder: places.configFolder,
      ...(process.getuid?.() === 0 && { sandboxUser: SANDBOX_USER }),
    }),
  };
}

function pick(env: Env, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
