import { chown, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Workspace, Workspaces } from "../../src/core/workspace.ts";
import { SANDBOX_USER } from "../../src/security/host/sandbox/index.ts";
import { createWorkspaces } from "../../src/security/host/workspace/index.ts";
import { toolContext } from "../contract/tool-suite.ts";

/** Real workspaces in a folder of their own, and the owner's one. */
export interface ToolHome extends AsyncDisposable {
  readonly folder: string;
  readonly workspaces: Workspaces;
  readonly workspace: Workspace;
}

export async function openToolHome(): Promise<ToolHome> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "clanker-tools-")));
  const root = process.getuid?.() === 0;
  const workspaces = createWorkspaces({
    folderOf: (agent) => join(folder, "agents", agent),
    dataFolder: join(folder, "data"),
    ...(root && { sandboxUser: SANDBOX_USER }),
  });
  const workspace = await workspaces.open(toolContext());
  if (root) await chown(folder, SANDBOX_USER, SANDBOX_USER);
  return { folder, workspaces, workspace, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
