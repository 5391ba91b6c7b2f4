import { createHash } from "node:crypto";
import { createReadStream, constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { posix } from "node:path";
import { ToolError } from "../../../core/errors.ts";
import type { ExecLimits, ExecPlan, ExecProgram, ExecRequest } from "../../../core/processes.ts";
import { INSIDE, pathParts } from "../workspace/index.ts";
import { openPlain, walkTo } from "../workspace/safe-walk.ts";

export interface PlanFacts {
  readonly backend: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ExecLimits;
  /** Hashes of programs, by what the file system knows of a file: even a quiet change of its bytes changes that. */
  readonly hashes: Map<string, string>;
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const MAX_ARGV = 100_000;
const MAX_ARGS = 2_000;
const MAX_HASHES = 500;

/** What execve gets. A script goes to bash where there is one, because that is what people and models write. @throws ToolError `bad_arguments` */
export async function argvOf(program: ExecProgram): Promise<readonly string[]> {
  // Without --norc, bash reads ~/.bashrc (a file of the workspace) when its input is a socket.
  if (program.kind === "script") return checked([...((await exists("/usr/bin/bash")) ? ["/usr/bin/bash", "--norc"] : ["/bin/sh"]), "-c", program.script]);
  return checked(program.argv);
}

function checked(argv: readonly string[]): readonly string[] {
  if (argv.length === 0 || argv[0] === "") throw new ToolError("bad_arguments", "there is no program to run");
  if (argv.some((item) => item.includes("\0"))) throw new ToolError("bad_arguments", "an argument has a NUL character");
  if (argv.length > MAX_ARGS || argv.reduce((sum, item) => sum + item.length, 0) > MAX_ARGV) throw new ToolError("bad_arguments", "the command is too long");
  return argv;
}

/** The facts of a run, as they are now. @throws ToolError as Processes.plan */
export async function makePlan(request: ExecRequest, { backend, env, limits, hashes }: PlanFacts): Promise<ExecPlan> {
  const { program, profile, workspace, stdin = "" } = request;
  const argv = await argvOf(program);
  const cwd = await folderFacts(workspace, request.cwd ?? "");
  const inside = posix.relative(workspace, cwd.path);
  return {
    kind: program.kind,
    argv,
    executable: await executableOf(argv[0]!, { workspace, cwd: inside, path: env["PATH"] ?? "", anywhere: profile === "host", hashes }),
    scripts: program.kind === "script" ? [] : await namedFiles(argv, workspace, inside),
    cwd,
    envHash: hash(canonical(env)),
    stdinHash: hash(stdin),
    profile,
    backend,
    network: profile === "host" ? "host" : "none",
    limits,
  };
}

async function folderFacts(workspace: string, path: string): Promise<ExecPlan["cwd"]> {
  return walkTo(workspace, pathParts(path, workspace), { path }, async ({ folder, name, stats }) => {
    if (stats === undefined || !stats.isDirectory())
      throw new ToolError("not_found", `there is no folder ${JSON.stringify(path.slice(0, 200))} in the workspace`);
    const real = posix.join(workspace, ...folder.names, name);
    return { path: real, device: String(stats.dev), inode: String(stats.ino) };
  });
}

async function executableOf(
  name: string,
  where: { readonly workspace: string; readonly cwd: string; readonly path: string; readonly anywhere: boolean; readonly hashes: Map<string, string> },
): Promise<ExecPlan["executable"]> {
  const { workspace, cwd, path, anywhere, hashes } = where;
  if (!name.includes("/")) {
    for (const folder of path.split(":")) if (await exists(`${folder}/${name}`)) return hostFile(`${folder}/${name}`, hashes);
    throw new ToolError("program_not_found", `there is no program ${JSON.stringify(name.slice(0, 100))}`, {
      hint: "name one that is installed on this machine",
    });
  }
  const isWorkspace = !name.startsWith("/") || [workspace, INSIDE].some((base) => name.startsWith(`${base}/`));
  if (isWorkspace) {
    const inWorkspace = name.startsWith("/") ? name : posix.join(cwd, name);
    const sha256 = await workspaceHash(workspace, inWorkspace);
    if (sha256 === undefined) throw new ToolError("program_not_found", `there is no program ${JSON.stringify(name.slice(0, 100))} in the workspace`);
    return { path: posix.join(workspace, ...pathParts(inWorkspace, workspace)), sha256 };
  }
  const plain = posix.normalize(name);
  const visible = anywhere || /^\/(?:usr|bin|sbin)\//u.test(plain);
  if (!visible || !(await exists(plain))) throw new ToolError("program_not_found", `there is no program ${JSON.stringify(name.slice(0, 100))} in the sandbox`);
  return hostFile(plain, hashes);
}

async function hostFile(path: string, hashes: Map<string, string>): Promise<ExecPlan["executable"]> {
  const real = await realpath(path);
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(real, { bigint: true });
  const key = [real, dev, ino, size, mtimeNs, ctimeNs].join(":");
  const sha256 = hashes.get(key) ?? (await fileHash(real));
  if (hashes.size > MAX_HASHES) hashes.clear();
  hashes.set(key, sha256);
  return { path: real, sha256 };
}

/** Arguments that name a file of the workspace: what an interpreter would run, or a program read. A script that is rewritten later changes the plan (sec-51). */
async function namedFiles(argv: readonly string[], workspace: string, cwd: string): Promise<ExecPlan["scripts"]> {
  const found: { path: string; sha256: string }[] = [];
  for (const item of argv.slice(1, 200)) {
    // `--config=x.json` names a file, too.
    const name = item.startsWith("-") ? item.slice(item.indexOf("=") + 1) : item;
    if (name === "" || name.startsWith("-")) continue;
    const path = name.startsWith("/") ? name : posix.join(cwd, name);
    const sha256 = await workspaceHash(workspace, path).catch((error: unknown) => {
      // Not a path below the workspace: an argument like any other, or something the sandbox does not show.
      if (error instanceof ToolError) return undefined;
      throw error;
    });
    if (sha256 !== undefined) found.push({ path: pathParts(path, workspace).join("/"), sha256 });
  }
  return found;
}

async function workspaceHash(workspace: string, path: string): Promise<string | undefined> {
  return walkTo(workspace, pathParts(path, workspace), { path }, async (spot) => {
    if (spot.stats === undefined || !spot.stats.isFile()) return undefined;
    const handle = await openPlain(spot, constants.O_RDONLY, path);
    const digest = createHash("sha256");
    for await (const piece of handle.createReadStream()) digest.update(piece as Buffer);
    return digest.digest("hex");
  });
}

async function fileHash(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const piece of createReadStream(path)) digest.update(piece as Buffer);
  return digest.digest("hex");
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** JSON with sorted keys: the same text for the same facts, wherever they were kept meanwhile. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

/** @throws ToolError `plan_changed` when any field differs */
export function checkPlan(approved: ExecPlan, now: ExecPlan): void {
  const names = new Set([...Object.keys(approved), ...Object.keys(now)]) as Set<keyof ExecPlan>;
  for (const name of names) {
    if (canonical(approved[name] ?? null) === canonical(now[name] ?? null)) continue;
    throw new ToolError("plan_changed", `plan changed: ${name} is not what was approved; nothing was run`, { hint: "ask again for what is to be run now" });
  }
}
