import { fork, spawn, type ChildProcess, type ForkOptions } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

/** A helper process that answers commands. */
export interface Helper {
  readonly pid: number;
  ask<T = void>(name: string, input?: unknown): Promise<T>;
  stop(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Everything the bench has started and not stopped yet. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

export function track<T extends ChildProcess>(child: T): T {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Resolves when the process has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** @param file under bench/child. */
export function startHelper(file: string, options: ForkOptions = {}): Helper {
  const child = track(
    fork(join(import.meta.dirname, "child", file), { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced", ...options }),
  );
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  child.on("message", ({ id, result, error }: Reply) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(result);
    else one?.reject(new Error(`${file}: ${error}`));
  });
  child.once("exit", (code) => waiting.forEach(({ reject }) => reject(new Error(`${file} ended with ${code}`))));
  return {
    pid: child.pid!,
    ask: <T>(name: string, input?: unknown) =>
      new Promise<T>((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id, name, input });
      }),
    async stop() {
      if (child.connected) child.disconnect();
      await ended(child);
    },
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Resident memory in kB, as Linux counts it. */
export function memoryOf(pid: number): { rss: number; pss: number } {
  const field = (file: string, name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1]);
  return { rss: field("status", "VmRSS"), pss: field("smaps_rollup", "Pss") };
}

/** Write calls and bytes that went to the disk, since the start of the process. */
export function writesOf(pid: number): { calls: number; bytes: number } {
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
  return { calls: field("syscw"), bytes: field("write_bytes") };
}

/** User and system time of a process in milliseconds. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The fake Telegram of the tests in its own process. */
export async function startTelegram(): Promise<{ url: string; token: string; stop(): Promise<void> }> {
  const child = track(spawn(process.execPath, [join(import.meta.dirname, "../test/fakes/telegram/main.ts")], { stdio: ["pipe", "pipe", "inherit"] }));
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(String(chunk))));
  return {
    ...(JSON.parse(line) as { url: string; token: string }),
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
    },
  };
}
