import { spawn } from "node:child_process";
import { ClankerError } from "../../../core/errors.ts";

/**
 * Runs the owner's own editor on a file, in this terminal. The command is the owner's (`VISUAL`, `EDITOR`), split at spaces, without a shell.
 * @throws ClankerError `editor_failed` when it cannot be started or does not end with 0.
 */
export async function runEditor(command: string, file: string): Promise<void> {
  const [program = "", ...args] = command.split(" ").filter((word) => word !== "");
  return new Promise((resolve, reject) => {
    const fail = (what: string, hint: string) => reject(new ClankerError("editor_failed", `${program} ${what}`, { hint }));
    const child = spawn(program, [...args, file], { stdio: "inherit" });
    child.once("error", (error) => fail(`cannot be started: ${error.message}`, "set EDITOR to an editor that is installed"));
    child.once("exit", (code, signal) => (code === 0 ? resolve() : fail(`ended with ${code ?? signal}`, "nothing was changed")));
  });
}
