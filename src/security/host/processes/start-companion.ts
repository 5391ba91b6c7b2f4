import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Companion } from "../../../core/companion.ts";

/** A line may carry a file of 20 MB, as base64. */
const MAX_LINE = 40_000_000;
const GRACE_MS = 3_000;

/**
 * Starts a script of ours in a process of its own: no environment but a folder for temporary files, which goes with it, nothing on stderr, its own heap limit. The pipe to it is closed by our end, however that comes
 * (fault-77), and the script ends then.
 */
export function startCompanion(script: string, args: readonly string[], { megabytes }: { readonly megabytes: number }): Companion {
  const temporary = mkdtempSync(join(tmpdir(), "clanker-companion-"));
  const child = spawn(process.execPath, [`--max-old-space-size=${megabytes}`, "--max-semi-space-size=2", script, ...args], {
    cwd: "/",
    env: { TMPDIR: temporary },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const queue: Readonly<Record<string, unknown>>[] = [];
  let wake = Promise.withResolvers<void>();
  let over = false;
  const news = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  let pieces: string[] = [];
  let size = 0;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const [first = "", ...rest] = text.split("\n");
    pieces.push(first);
    size += first.length;
    for (const begun of rest) {
      const message = parse(pieces.join(""));
      if (message !== undefined) queue.push(message);
      pieces = [begun];
      size = begun.length;
    }
    if (size > MAX_LINE) child.kill("SIGKILL");
    if (rest.length > 0) news();
  });
  child.stdout.on("error", () => {});
  child.stdin.on("error", () => {});
  const ended = new Promise<string>((resolve) => {
    const done = (how: string) => {
      rmSync(temporary, { recursive: true, force: true });
      resolve(how);
    };
    child.once("error", (error) => done(`it cannot be started: ${error.message}`));
    child.once("close", (code, signal) => {
      killGroup(child.pid);
      done(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
    });
  });
  void ended.then(() => {
    over = true;
    news();
  });
  return {
    messages: (async function* () {
      for (;;) {
        const message = queue.shift();
        if (message !== undefined) yield message;
        else if (over) return;
        else await wake.promise;
      }
    })(),
    send(message) {
      if (!over && child.stdin.writable) child.stdin.write(`${JSON.stringify(message)}\n`);
    },
    ended,
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => killGroup(child.pid), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
