import { chown, mkdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { ToolError } from "../../../core/errors.ts";
import type { Workspace, WorkspaceOwner, Workspaces } from "../../../core/workspace.ts";
import { openLabels } from "./labels.ts";
import { openWorkspace } from "./open-workspace.ts";

export interface WorkspacesOptions {
  /** Folder of an agent, as the config names it; absolute. */
  readonly folderOf: (agent: string) => string;
  /** The data folder: workspaces of other people's sessions, and labels. */
  readonly dataFolder: string;
  /** Where the config stands; default: in the data folder. No workspace may hold it: whoever writes there sets the rules (sec-93). */
  readonly configFolder?: string;
  /** User and group that sandboxed programs run as, when the gateway runs as root: new folders are theirs. */
  readonly sandboxUser?: number;
}

/** sec-70: what becomes a folder's name is a plain word. */
const PLAIN_NAME = /^[A-Za-z0-9_-]{1,64}$/u;

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const open = new Map<string, { readonly folder: string; readonly opened: Promise<Workspace> }>();
  return {
    async open(owner) {
      const place = placeOf(owner, options);
      const known = open.get(place.key);
      // Another folder in the config holds at once.
      if (known?.folder === place.folder) return known.opened;
      const opened = openPlace(place, options);
      open.set(place.key, { folder: place.folder, opened });
      // A disk that was full may have space later.
      opened.catch(() => open.delete(place.key));
      return opened;
    },
  };
}

interface Place {
  readonly key: string;
  readonly folder: string;
  readonly private: boolean;
}

function placeOf({ agent, principal, sessionId }: WorkspaceOwner, { folderOf, dataFolder }: WorkspacesOptions): Place {
  for (const name of [agent, sessionId]) {
    if (!PLAIN_NAME.test(name)) throw new ToolError("path_refused", `${JSON.stringify(name.slice(0, 80))} is no name for a workspace`);
  }
  if (principal.class === "owner") return { key: agent, folder: folderOf(agent), private: true };
  return { key: `${agent}.${sessionId}`, folder: join(dataFolder, "session-workspaces", agent, sessionId), private: false };
}

async function openPlace({ key, folder, private: isPrivate }: Place, options: WorkspacesOptions): Promise<Workspace> {
  const { dataFolder, sandboxUser } = options;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const root = await realpath(folder);
    if (isPrivate) await refuseOwnFolders(root, options);
    if (sandboxUser !== undefined && (await stat(root)).uid === 0) await chown(root, sandboxUser, sandboxUser);
    // What the owner put there is the owner's own; elsewhere only tools write, and each write carries its label.
    const labels = await openLabels(join(dataFolder, "workspace-labels", `${key}.json`), {
      integrity: "OWNER",
      confidentiality: isPrivate ? "PRIVATE" : "PUBLIC",
    });
    return openWorkspace(root, labels);
  } catch (cause) {
    if (cause instanceof ToolError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ToolError("file_failed", `the workspace ${folder} cannot be opened: ${message}`, { cause, hint: "see agents.workspace in the config" });
  }
}

/** The config, the database and the labels are nobody's workspace, by whatever name. @throws ToolError `workspace_refused` */
async function refuseOwnFolders(root: string, { dataFolder, configFolder = dataFolder }: WorkspacesOptions): Promise<void> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const [data, config] = await Promise.all([realpath(dataFolder), realpath(configFolder)]);
  const holds = (outer: string, inner: string) => inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  if (!holds(root, data) && !holds(root, config) && (!holds(data, root) || holds(join(data, "workspaces"), root))) return;
  throw new ToolError("workspace_refused", `the workspace ${root} holds the gateway's own config or data, or lies among them`, {
    hint: "set agents.workspace to a folder of its own",
  });
}
