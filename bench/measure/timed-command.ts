import { spawn } from "node:child_process";
import { ended, track } from "../processes.ts";

/** Milliseconds that `node ARGS` takes from start to exit. @throws Error when it ends with another code than `code`. */
export async function timedCommand(args: readonly string[], { home, code = 0 }: { home?: string; code?: number } = {}): Promise<number> {
  const from = performance.now();
  const env = { ...process.env, ...(home !== undefined && { CLANKER_HOME: home }) };
  const child = track(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], env }));
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
  await ended(child);
  const taken = performance.now() - from;
  if (child.exitCode !== code) throw new Error(`node ${args.join(" ")} ended with ${child.exitCode}: ${said}`);
  return taken;
}
