import type { Ask, Backend, Refusal } from "./backend.ts";
import { SANDBOX_USER } from "./backend.ts";
import { findBubblewrap } from "./bubblewrap.ts";
import { findContainer } from "./container.ts";

export interface SandboxOptions {
  readonly backend: "auto" | "bubblewrap" | "docker" | "podman";
  /** Image for Docker and Podman. */
  readonly image: string;
  /** As process.platform. */
  readonly platform: NodeJS.Platform;
  /** User id of the gateway; undefined where there are none. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Folders with secrets: the data and the config folder. */
  readonly hidden: readonly string[];
  /** Any folder, for trying. */
  readonly folder: string;
  /** Environment of the docker or podman command line itself. */
  readonly containerEnv: Readonly<Record<string, string>>;
  /** Names this home among others on the machine. */
  readonly home: string;
}

/** The first back end that works, or why none does. */
export async function findBackend(ask: Ask, options: SandboxOptions): Promise<Backend | Refusal> {
  const refusals: Refusal[] = [];
  for (const kind of options.backend === "auto" ? (["bubblewrap", "docker", "podman"] as const) : [options.backend]) {
    const found = await tryBackend(ask, kind, options);
    if ("launch" in found) return found;
    refusals.push(found);
  }
  return { reason: refusals.map(({ reason }) => reason).join("; "), hint: refusals[0]!.hint };
}

function tryBackend(ask: Ask, kind: "bubblewrap" | "docker" | "podman", options: SandboxOptions): Promise<Backend | Refusal> | Refusal {
  const { platform, uid, gid, hidden, folder, image, containerEnv: env, home } = options;
  if (kind === "bubblewrap") {
    if (platform !== "linux") return { reason: "bubblewrap needs Linux", hint: "install Docker or Podman" };
    return findBubblewrap(ask, { root: uid === 0, workspace: folder, hidden });
  }
  const path = [...new Set([...(env["PATH"]?.split(":") ?? []), "/usr/bin", "/usr/local/bin"])].filter((entry) => entry.startsWith("/"));
  const user = uid === undefined || uid === 0 ? `${SANDBOX_USER}:${SANDBOX_USER}` : `${uid}:${gid ?? uid}`;
  return findContainer(ask, { kind, image, path, env, home, user });
}
