import { createHash, randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { posix } from "node:path";
import { ToolError } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import type { BackgroundProcess, ExecAvailability, ExecLimits, ExecOptions, ExecProfile, ExecRequest, ExecResult, Processes } from "../../../core/processes.ts";
import { execEnv, findBackend, limitArgs, type Backend, type Launch, type Refusal, type SandboxOptions } from "../sandbox/index.ts";
import { INSIDE } from "../workspace/index.ts";
import { createBackground } from "./background.ts";
import { argvOf, checkPlan, makePlan } from "./exec-plan.ts";
import { createOutputText } from "./output-text.ts";
import { markedProcesses } from "./process-tree.ts";
import { runQuick } from "./run-quick.ts";
import { startChild, type RunningChild } from "./start-child.ts";

export interface ProcessesOptions {
  readonly sandbox: Pick<SandboxOptions, "backend" | "image">;
  /** What a request does not say. */
  readonly limits: ExecLimits;
  /** Folder of this gateway's data: names its processes among others of the machine, and is covered in the sandbox. */
  readonly dataFolder: string;
  readonly configFolder: string;
  /** For the docker or podman command line itself: PATH, HOME, DOCKER_HOST ... Programs never see it. */
  readonly containerEnv: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** Characters of output that a result keeps at each end. */
const KEEP = 12_000;
const MARK = "CLANKER_EXEC";

/**
 * Starts programs. Finds out at the first use which sandbox works; one that is missing makes `sandbox` requests fail, it never lets them through (sec-60).
 * What an earlier gateway of this home left behind when it was killed is ended at the first use, too (fault-77).
 */
export function createProcesses(options: ProcessesOptions): Processes {
  const home = createHash("sha256").update(options.dataFolder).digest("hex").slice(0, 16);
  const running = new Set<RunningChild>();
  const hashes = new Map<string, string>();
  let closed = false;
  let backend: Promise<Backend | Refusal> | undefined;
  let reaped: Promise<void> | undefined;

  const find = () => (backend ??= findSandbox(options, home));
  const sandbox = async (): Promise<Backend> => {
    const found = await find();
    if (!("launch" in found)) throw new ToolError("sandbox_unavailable", `there is no sandbox on this machine: ${found.reason}`, { hint: found.hint });
    return found;
  };
  const limitsOf = (request: ExecRequest): ExecLimits => ({ ...options.limits, ...request.limits });

  const launchOf = async (request: ExecRequest, id: string, cwd: string): Promise<{ launch: Launch; mark?: string }> => {
    const { profile, workspace } = request;
    const limits = limitsOf(request);
    const argv = await argvOf(request.program);
    if (profile === "host") {
      const mark = `${MARK}=${home}.${id}`;
      return { launch: hostLaunch(argv, { ...execEnv(workspace), [MARK]: `${home}.${id}` }, limits), mark };
    }
    const inside = posix.join(INSIDE, posix.relative(workspace, cwd));
    return { launch: (await sandbox()).launch({ id, argv, workspace, cwd: inside, env: execEnv(INSIDE), limits }) };
  };

  const plan = async (request: ExecRequest) => {
    const name = request.profile === "host" ? "host" : (await sandbox()).name;
    return makePlan(request, { backend: name, env: execEnv(request.profile === "host" ? request.workspace : INSIDE), limits: limitsOf(request), hashes });
  };

  const launch = async (request: ExecRequest, { plan: approved }: Pick<ExecOptions, "plan">, onOutput: (text: string) => void): Promise<RunningChild> => {
    if (closed) throw new ToolError("cancelled", "the gateway stops");
    await (reaped ??= reap(await find(), home, options.log));
    const now = await plan(request);
    if (approved !== undefined) checkPlan(approved, now);
    const started = await launchOf(request, randomBytes(8).toString("hex"), now.cwd.path);
    if (closed) throw new ToolError("cancelled", "the gateway stops");
    const child = startChild(started.launch, {
      limits: now.limits,
      stdin: request.stdin,
      cwd: request.profile === "host" ? now.cwd.path : "/",
      mark: started.mark,
      onOutput,
    });
    running.add(child);
    void child.ended.then(() => running.delete(child));
    return child;
  };

  const background = createBackground(launch);
  return {
    plan,
    availability: (profile) => availabilityOf(profile, find),
    run: (request, how = {}) => runToEnd(request, how, launch),
    start: (session, request, how = {}): Promise<BackgroundProcess> => background.start(session, request, how),
    list: (session) => background.list(session),
    async close() {
      closed = true;
      for (const child of running) child.kill();
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

async function findSandbox({ sandbox, dataFolder, configFolder, containerEnv }: ProcessesOptions, home: string): Promise<Backend | Refusal> {
  // An empty folder is bound when the sandbox is tried out.
  const folder = posix.join(dataFolder, "sandbox-probe");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return findBackend(runQuick, { ...sandbox, platform: process.platform, uid, gid, hidden: [dataFolder, configFolder], folder, containerEnv, home });
}

async function availabilityOf(profile: ExecProfile, find: () => Promise<Backend | Refusal>): Promise<ExecAvailability> {
  if (profile === "host") return { kind: "available", backend: "host" };
  const found = await find();
  return "launch" in found ? { kind: "available", backend: found.name } : { kind: "unavailable", ...found };
}

/** Without a sandbox: an environment from nothing, limits where the system has prlimit, an end together with the gateway where it has setpriv. */
function hostLaunch(argv: readonly string[], env: Readonly<Record<string, string>>, limits: ExecLimits): Launch {
  if (process.platform !== "linux") return { file: argv[0]!, args: argv.slice(1), env };
  const [, ...limited] = limitArgs(limits, false);
  return { file: "/usr/bin/prlimit", args: [...limited, "/usr/bin/setpriv", "--pdeathsig", "KILL", "--", ...argv], env };
}

/** Ends what a killed gateway of this home has left: programs of the host by their mark, containers by their label. A bubblewrap ends with its parent. */
async function reap(found: Backend | Refusal, home: string, log: Log): Promise<void> {
  const left = await markedProcesses(`${MARK}=${home}.`);
  for (const pid of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
  if (left.length > 0) log.warn("ended programs that an earlier gateway left behind", { processes: left.length });
  if ("launch" in found && found.reap !== undefined) await runQuick([found.reap.file, ...found.reap.args], found.reap.env);
}

async function runToEnd(
  request: ExecRequest,
  { signal, plan, onOutput }: ExecOptions,
  launch: (request: ExecRequest, how: Pick<ExecOptions, "plan">, onOutput: (text: string) => void) => Promise<RunningChild>,
): Promise<ExecResult> {
  if (signal?.aborted) throw new ToolError("aborted", "the call was aborted");
  const begun = performance.now();
  const output = createOutputText(KEEP);
  const child = await launch(request, { plan }, (text) => {
    output.add(text);
    onOutput?.(text);
  });
  const kill = () => child.kill();
  if (signal?.aborted) kill();
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const end = await child.ended;
    return { end, output: output.text(), written: child.written(), tookMs: performance.now() - begun };
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}
