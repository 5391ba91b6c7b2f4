import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import type { ExecLimits, Processes } from "../../../src/core/processes.ts";
import { createProcesses, type ProcessesOptions } from "../../../src/security/host/processes/index.ts";
import { SANDBOX_USER } from "../../../src/security/host/sandbox/index.ts";

export const LIMITS: ExecLimits = { timeMs: 20_000, memoryMb: 512, processes: 64, fileMb: 50, outputBytes: 20_000_000 };

/** A data folder, a workspace in it that sandboxed programs may write, and the processes of a gateway that lives there. */
export interface SandboxHome extends AsyncDisposable {
  readonly folder: string;
  readonly workspace: string;
  readonly processes: Processes;
}

/** A workspace belongs to the sandbox's user when the gateway is root. */
export async function lend(folder: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(folder, SANDBOX_USER, SANDBOX_USER);
}

export async function openSandboxHome(options: Partial<ProcessesOptions> = {}): Promise<SandboxHome> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-sandbox-"));
  const workspace = join(folder, "workspace");
  await mkdir(workspace, { mode: 0o700 });
  await lend(workspace);
  const processes = createProcesses({
    sandbox: { backend: "bubblewrap", image: "none" },
    limits: LIMITS,
    dataFolder: join(folder, "data"),
    configFolder: folder,
    containerEnv: {},
    log: silentLog,
    ...options,
  });
  return {
    folder,
    workspace,
    processes,
    async [Symbol.asyncDispose]() {
      await processes.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
