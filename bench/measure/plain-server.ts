import { spawn } from "node:child_process";
import { untilOk } from "../gateway-process.ts";
import { ended, freePort, track } from "../processes.ts";

/** The smallest server there is, without a TypeScript loader or a file to read: what Node costs before anything is built on it. */
export async function startPlainServer(): Promise<{ readonly pid: number; readonly readyMs: number; stop(): Promise<void> }> {
  const port = await freePort();
  const code = `require("node:http").createServer((q, s) => s.end("ok")).listen(${port}, "127.0.0.1")`;
  const from = performance.now();
  const child = track(spawn(process.execPath, ["--max-semi-space-size=2", "-e", code], { stdio: "ignore" }));
  await untilOk(`http://127.0.0.1:${port}/`, () => {
    if (child.exitCode !== null) throw new Error("the bare server ended");
  });
  return {
    pid: child.pid!,
    readyMs: performance.now() - from,
    async stop() {
      child.kill();
      await ended(child);
    },
  };
}
