import { lstatSync, readlinkSync } from "node:fs";
import { INSIDE } from "../workspace/index.ts";
import { SANDBOX_USER, execEnv, type Ask, type Backend, type Inside, type Launch, type Refusal } from "./backend.ts";
import { limitArgs } from "./limit-args.ts";

/**
 * How the sandbox is entered. `user`: by a user namespace, as an ordinary user. `root`: a gateway that runs as root sets up the namespaces itself and then becomes
 * nobody; the kernel exempts root from the limit of processes, so that a user namespace around root would not do.
 */
export type Entry = { readonly as: "user"; readonly sealed: boolean } | { readonly as: "root"; readonly namespace: boolean };

export interface Bubblewrap {
  readonly file: string;
  readonly entry: Entry;
  /** Of the host, as bubblewrap is to show it: `["--symlink", "usr/bin", "/bin", ...]`. */
  readonly system: readonly string[];
  /** Folders that hold secrets. Those below /usr are covered. */
  readonly hidden: readonly string[];
}

const MB = 1_000_000;
const TMP_MB = 256;

/** passwd and group: programs ask for the name of their user. */
const PASSWD = [0, SANDBOX_USER].map((id) => `${id === 0 ? "root" : "sandbox"}:x:${id}:${id}::${INSIDE}:/bin/sh\n`).join("");
const GROUP = `root:x:0:\nsandbox:x:${SANDBOX_USER}:\n`;

/** The command line. Nothing of the host is visible but /usr (read only), what /usr needs of /etc, and the workspace. */
export function bubblewrapLaunch({ file, entry, system, hidden }: Bubblewrap, { argv, workspace, cwd, env, limits }: Inside): Launch {
  const tmpfs = (path: string, megabytes: number) => ["--perms", "1777", "--size", String(megabytes * MB), "--tmpfs", path];
  const asRoot = entry.as === "root";
  // No --new-session: the whole command is started in a session of its own, and bubblewrap must not leave the group before it is bound to its parent's end.
  const args = [
    ["--die-with-parent", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"],
    // Only to enter the workspace and become nobody, below: they are given up before the program starts.
    asRoot
      ? ["SETUID", "SETGID", "SETPCAP", "DAC_READ_SEARCH"].flatMap((name) => ["--cap-add", `CAP_${name}`])
      : ["--unshare-user", ...(entry.sealed ? ["--disable-userns"] : [])],
    asRoot ? [] : ["--uid", String(SANDBOX_USER), "--gid", String(SANDBOX_USER)],
    ["--hostname", "sandbox", "--ro-bind", "/usr", "/usr", ...system],
    hidden.flatMap((path) => (path.startsWith("/usr/") ? ["--tmpfs", path, "--remount-ro", path] : [])),
    ["--perms", "0755", "--dir", "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ["--perms", "0644", "--ro-bind-data", "3", "/etc/passwd", "--perms", "0644", "--ro-bind-data", "4", "/etc/group"],
    ["--proc", "/proc", "--dev", "/dev", ...tmpfs("/dev/shm", TMP_MB), ...tmpfs("/tmp", TMP_MB)],
    ["--bind", workspace, INSIDE, "--chdir", cwd],
    // What is left are the folders that bubblewrap itself made, in memory without a limit.
    ["--remount-ro", "/dev", "--remount-ro", "/", "--"],
    asRoot ? becomeNobody(entry.namespace) : [],
    limitArgs(limits),
    argv,
  ].flat();
  return { file, args, env, data: [PASSWD, GROUP], leash: true };
}

function becomeNobody(namespace: boolean): string[] {
  const user = String(SANDBOX_USER);
  const drop = ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"];
  // In a namespace of its own the limit of processes counts this sandbox alone, not every one of nobody's.
  return namespace ? [...drop, "/usr/bin/unshare", "--user", "--"] : drop;
}

const PLACES = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/wrappers/bin/bwrap"];
const SYSTEM = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What the programs in /usr expect beside it: links into /usr on most systems, folders on others. */
function systemArgs(): string[] {
  return SYSTEM.flatMap((path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    return stats.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
  });
}

/** Looks for bubblewrap and runs `true` in it, in the ways this user may enter. */
export async function findBubblewrap(
  ask: Ask,
  { root, workspace, hidden }: { readonly root: boolean; readonly workspace: string; readonly hidden: readonly string[] },
): Promise<Backend | Refusal> {
  let file: string | undefined;
  let version = "";
  for (const place of PLACES) {
    const { code, output } = await ask([place, "--version"]);
    if (code !== 0) continue;
    [file, version] = [place, output.trim()];
    break;
  }
  if (file === undefined) return { reason: "bubblewrap is not installed", hint: "install it: apt install bubblewrap (or dnf, pacman, apk add bubblewrap)" };
  const system = systemArgs();
  const entries: Entry[] = root
    ? [
        { as: "root", namespace: true },
        { as: "root", namespace: false },
      ]
    : [
        { as: "user", sealed: true },
        { as: "user", sealed: false },
      ];
  let said = "";
  for (const entry of entries) {
    const bubblewrap = { file, entry, system, hidden };
    const { args, env, data } = bubblewrapLaunch(bubblewrap, { id: "probe", argv: ["true"], workspace, cwd: INSIDE, env: execEnv(INSIDE), limits: PROBE });
    const { code, output } = await ask([file, ...args], env, data);
    if (code === 0) return { name: version, launch: (inside) => bubblewrapLaunch(bubblewrap, inside) };
    said = output.trim().split("\n")[0] ?? "";
  }
  return { reason: `${version} does not work here: ${said.slice(0, 300) || "it ended without a word"}`, hint: hintFor(said) };
}

const PROBE = { timeMs: 10_000, memoryMb: 256, processes: 16, fileMb: 1, outputBytes: 10_000 };

function hintFor(said: string): string {
  if (/prlimit|setpriv|unshare/u.test(said)) return "install util-linux, whose prlimit and setpriv are needed in /usr/bin";
  if (/namespace|uid map|permission|not permitted/iu.test(said))
    return "this system forbids user namespaces: on Ubuntu allow bwrap in AppArmor (sysctl kernel.apparmor_restrict_unprivileged_userns=0), on Debian sysctl kernel.unprivileged_userns_clone=1; in a container, run it with --security-opt seccomp=unconfined or use Docker as the back end";
  return "see clanker doctor, or use Docker or Podman: agents.sandbox.backend";
}
