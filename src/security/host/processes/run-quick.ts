import { spawn } from "node:child_process";
import type { Ask } from "../sandbox/index.ts";

const TIME_MS = 10_000;
const MAX_OUTPUT = 20_000;

/** Runs a command of the host that we ourselves wrote, to its end. Never throws; one that cannot be started ends with 127. */
export const runQuick: Ask = (argv, env = { PATH: "/usr/bin:/bin" }, data = []) =>
  new Promise((resolve) => {
    const [file = "", ...args] = argv;
    const child = spawn(file, args, { env: { ...env }, cwd: "/", stdio: ["ignore", "pipe", "pipe", ...data.map(() => "pipe" as const)] });
    let output = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), TIME_MS);
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (bytes: Buffer) => (output = (output + bytes.toString("utf8")).slice(-MAX_OUTPUT)));
    for (const [index, text] of data.entries()) {
      const stream = child.stdio[index + 3] as NodeJS.WritableStream & { end(text: string): void };
      stream.on("error", () => {});
      stream.end(text);
    }
    const settle = (code: number) => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output = error.message;
      settle(127);
    });
    child.once("close", (code) => settle(code ?? 137));
  });
