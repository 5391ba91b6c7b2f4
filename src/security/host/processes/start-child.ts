import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { ExecEnd, ExecLimits } from "../../../core/processes.ts";
import type { Launch } from "../sandbox/index.ts";
import { runQuick } from "./run-quick.ts";
import { textReader } from "./output-text.ts";
import { markedProcesses, memoryOf, processTree } from "./process-tree.ts";

export interface ChildOptions {
  readonly limits: ExecLimits;
  readonly stdin?: string;
  /** Folder to start in. */
  readonly cwd: string;
  /** `NAME=VALUE` in the environment of every process of a program that runs without a sandbox. */
  readonly mark?: string;
  readonly onOutput: (text: string) => void;
}

/** A program that runs. Never rejects. */
export interface RunningChild {
  /** Settles when the program has ended and none of its processes is left. */
  readonly ended: Promise<ExecEnd>;
  written(): number;
  /** Ends all of its processes; `ended` tells. */
  kill(): void;
}

const WATCH_MS = 200;
/** Rounds of looking for what a killed program has left behind. */
const SWEEPS = 50;
/** A kernel ends what was killed in far less. */
const CLOSE_MS = 5_000;

/** Starts a program in a group of its own, watches the limits that the kernel does not keep, and leaves no process behind. */
export function startChild(launch: Launch, options: ChildOptions): RunningChild {
  const { env, data = [], stop } = launch;
  const { file, args, pipes } = launch.leash === true ? leashed(launch) : { ...launch, pipes: data.length };
  const input = options.stdin === undefined ? ("ignore" as const) : ("pipe" as const);
  const stdio = [input, "pipe" as const, "pipe" as const, ...Array.from({ length: pipes }, () => "pipe" as const)];
  const child = spawn(file, [...args], { cwd: options.cwd, env: { ...env }, detached: true, stdio });
  let end: ExecEnd | undefined;
  let written = 0;
  let stopped: Promise<unknown> = Promise.resolve();
  const finish = (how: ExecEnd) => {
    // The first reason counts; what follows is its consequence.
    if (end !== undefined) return;
    end = how;
    killGroup(child);
    if (stop !== undefined) stopped = runQuick(stop, env);
  };
  feed(child, [options.stdin ?? "", ...data]);
  for (const stream of [child.stdout!, child.stderr!]) {
    const reader = textReader(options.onOutput);
    stream.on("data", (bytes: Buffer) => {
      written += bytes.length;
      if (end === undefined) reader.push(bytes);
      if (written > options.limits.outputBytes) finish({ kind: "limit", limit: "output" });
    });
    stream.once("end", () => reader.end());
    stream.on("error", () => {});
  }
  const timer = setTimeout(() => finish({ kind: "limit", limit: "time" }), options.limits.timeMs);
  const unwatch = watch(child, options.limits, (limit) => finish({ kind: "limit", limit }));
  const closed = new Promise<ExecEnd>((resolve) => {
    child.once("error", (error) => {
      options.onOutput(`${file} cannot be started: ${error.message}\n`);
      resolve({ kind: "exited", code: 127 });
    });
    // A process that left the group may hold the pipes open: what counts is the program's own end, then the sweep.
    child.once("exit", (code, signal) => {
      const how: ExecEnd = code === null ? { kind: "signalled", signal: signal ?? "unknown" } : { kind: "exited", code };
      void sweep(child, options.mark)
        .then(() => untilClosed(child))
        .then(() => resolve(how));
    });
  });
  const ended = closed.then(async (how) => {
    clearTimeout(timer);
    unwatch();
    await stopped;
    return end ?? how;
  });
  return { ended, written: () => written, kill: () => finish({ kind: "cancelled" }) };
}

/**
 * The command with a watcher beside it in its group, which holds one end of a pipe whose other end nobody has but us: it is closed by our end, however that comes, and then
 * the group is killed. This holds from before the command begins (fault-77); the command itself does not get the pipe.
 */
function leashed({ file, args, data = [] }: Launch): { file: string; args: readonly string[]; pipes: number } {
  const pipe = 3 + data.length;
  const script = `(read -r _ <&${pipe}; kill -KILL -$$) </dev/null >/dev/null 2>&1 & exec "$@" ${pipe}<&-`;
  return { file: "/bin/sh", args: ["-c", script, "sh", file, ...args], pipes: data.length + 1 };
}

/** Until all that was written is read. Whoever holds a pipe open although everything was killed is not waited for. */
function untilClosed(child: ChildProcess): Promise<void> {
  const streams = child.stdio.filter((stream) => stream !== null && stream !== undefined) as Readable[];
  if (streams.every((stream) => stream.closed)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const stream of streams) stream.destroy();
    }, CLOSE_MS);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Gives stdin and the descriptors behind it their texts. Programs that end without reading close the pipe; that is theirs to do. */
function feed(child: ChildProcess, texts: readonly string[]): void {
  for (const [index, text] of texts.entries()) {
    const stream = child.stdio[index === 0 ? 0 : index + 2] as NodeJS.WritableStream | null;
    if (stream === null) continue;
    stream.on("error", () => {});
    stream.end(text);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Ends what is left of a program after its own end. A sandbox ends with its first process; without one, leaving the group does not help either. */
async function sweep(child: ChildProcess, mark: string | undefined): Promise<void> {
  killGroup(child);
  if (mark === undefined) return;
  for (let round = 0; round < SWEEPS; round++) {
    const left = await markedProcesses(mark);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    await pause(20);
  }
}

/** Looks at all processes of the program together. @returns what ends the watching. */
function watch(child: ChildProcess, limits: ExecLimits, exceeded: (limit: "memory" | "processes") => void): () => void {
  let over = false;
  const { pid } = child;
  const look = async () => {
    if (pid === undefined) return;
    const pids = await processTree(pid);
    // The sandbox's own processes are not the program's.
    if (pids.length > limits.processes + 8) exceeded("processes");
    else if ((await memoryOf(pids)) > limits.memoryMb) exceeded("memory");
  };
  const again = () => {
    if (!over) timer = setTimeout(() => void look().then(again), WATCH_MS);
  };
  let timer = setTimeout(() => void look().then(again), WATCH_MS);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
