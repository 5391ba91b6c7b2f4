import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "../../src/main.ts");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real program in a home of its own, with nothing of this machine's environment but PATH. */
export interface Clanker {
  readonly home: string;
  run(args: readonly string[], options?: { input?: string; env?: Record<string, string> }): Promise<Ran>;
  /** The one JSON document on stdout. @throws when stdout is anything else. */
  json(
    args: readonly string[],
    options?: { input?: string; env?: Record<string, string> },
  ): Promise<{ code: number | null; document: Record<string, unknown> }>;
  spawn(args: readonly string[], env?: Record<string, string>): ChildProcess;
  /** Starts a gateway on a free port and waits until it says that it is there. */
  startGateway(env?: Record<string, string>): Promise<ChildProcess>;
  close(): Promise<void>;
}

export function createClanker(): Clanker {
  const home = mkdtempSync(join(tmpdir(), "clanker-cli-"));
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    // Port 1 answers nobody: no gateway of this machine is taken for one of the test.
    const fixed = { PATH: process.env["PATH"] ?? "", HOME: home, CLANKER_HOME: home, CLANKER__GATEWAY__PORT: "1" };
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...fixed, ...env }, cwd: home });
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  const run: Clanker["run"] = async (args, { input = "", env = {} } = {}) => {
    const child = start(args, env);
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), child.exitCode ?? once(child, "close")]);
    return { code: child.exitCode, stdout, stderr };
  };
  return {
    home,
    run,
    async json(args, options) {
      const { code, stdout } = await run([...args, "--json"], options);
      return { code, document: JSON.parse(stdout) as Record<string, unknown> };
    },
    spawn: start,
    async startGateway(env) {
      const child = start(["start"], { CLANKER__GATEWAY__PORT: "0", ...env });
      await seen(child.stdout, "Ctrl-C");
      return child;
    },
    async close() {
      await Promise.all(
        [...children].map((child) => {
          child.kill("SIGKILL");
          return once(child, "exit");
        }),
      );
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = "";
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
}

/** Resolves with everything read so far as soon as it holds `wanted`. @throws when the stream ends without it. */
export function seen(stream: NodeJS.ReadableStream | null, wanted: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    stream?.on("data", (chunk: Buffer) => {
      all += chunk.toString();
      if (all.includes(wanted)) resolve(all);
    });
    stream?.once("end", () => reject(new Error(`ended without ${JSON.stringify(wanted)}: ${all}`)));
  });
}
