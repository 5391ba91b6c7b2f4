import { INSIDE } from "../workspace/index.ts";
import { SANDBOX_USER, type Ask, type Backend, type Inside, type Launch, type Refusal } from "./backend.ts";

export interface Container {
  /** Absolute path of the docker or podman command line. */
  readonly file: string;
  readonly kind: "docker" | "podman";
  readonly image: string;
  /** Environment of the command line itself: how it finds its daemon. */
  readonly env: Readonly<Record<string, string>>;
  /** Marks the containers of this home, so that a later start finds those left behind. */
  readonly home: string;
  /** `uid:gid` of who owns the workspace. */
  readonly user: string;
}

const LABEL = "open-clanker.home";
const TMP_MB = 256;

/** `docker run`: no network, no capabilities, nothing writable but the workspace and /tmp, an init that ends everything with the program. */
export function containerLaunch({ file, kind, image, env: own, home, user }: Container, { id, argv, workspace, cwd, env, limits }: Inside): Launch {
  const name = `clanker-${id}`;
  const args = [
    ["run", "--rm", "--interactive", "--init", "--pull", "never", "--name", name, "--label", `${LABEL}=${home}`, "--hostname", "sandbox"],
    ["--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", user],
    // A rootless Podman maps the caller's own user; without that the workspace would belong to somebody else.
    kind === "podman" && user !== `${SANDBOX_USER}:${SANDBOX_USER}` ? ["--userns", "keep-id"] : [],
    ["--pids-limit", String(limits.processes), "--memory", `${limits.memoryMb}m`, "--memory-swap", `${limits.memoryMb}m`],
    ["--ulimit", `fsize=${limits.fileMb * 1_000_000}`, "--ulimit", "core=0", "--ulimit", "nofile=1024", "--ulimit", `cpu=${Math.ceil(limits.timeMs / 1_000)}`],
    ["--tmpfs", `/tmp:rw,nosuid,nodev,size=${TMP_MB}m`, "--shm-size", `${TMP_MB}m`],
    ["--mount", `type=bind,"source=${workspace.replaceAll('"', '""')}",target=${INSIDE}`, "--workdir", cwd],
    Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    // An image's own entry point would get our program as its arguments.
    ["--entrypoint", argv[0]!, image, ...argv.slice(1)],
  ].flat();
  // Killing the command line would leave the container to the daemon.
  return { file, args, env: own, stop: [file, "rm", "--force", name] };
}

export interface ContainerSearch {
  readonly kind: "docker" | "podman";
  readonly image: string;
  /** Folders where commands are looked for. */
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  readonly user: string;
}

/** Looks for the command line, its daemon and the image. Nothing is downloaded. */
export async function findContainer(ask: Ask, { kind, image, path, env, home, user }: ContainerSearch): Promise<Backend | Refusal> {
  const title = kind === "docker" ? "Docker" : "Podman";
  for (const folder of path) {
    const file = `${folder}/${kind}`;
    const version = await ask([file, "version", "--format", kind === "docker" ? "{{.Server.Version}}" : "{{.Client.Version}}"], env);
    if (version.code === 127) continue;
    const line = version.output.trim().split("\n").at(-1) ?? "";
    if (version.code !== 0) return { reason: `${title} does not answer: ${line.slice(0, 300)}`, hint: `start its service, and let this user use it` };
    const found = await ask([file, "image", "inspect", "--format", "{{.Id}}", image], env);
    if (found.code !== 0) return { reason: `${title} has no image ${image}`, hint: `fetch it once: ${kind} pull ${image}` };
    const container = { file, kind, image, env, home, user };
    return {
      name: `${kind} ${line} (${image})`,
      launch: (inside) => containerLaunch(container, inside),
      reap: { file: "/bin/sh", args: ["-c", `"$0" ps -aq --filter "label=${LABEL}=$1" | while read -r id; do "$0" rm --force "$id"; done`, file, home], env },
    };
  }
  return { reason: `${title} is not installed`, hint: `install bubblewrap, which starts faster, or ${title}` };
}
