import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "../../../core/programs.ts";
import { speakLines } from "./speak-lines.ts";

/** A line may carry a file of 20 MB, as base64. */
const MAX_LINE = 40_000_000;

/** Starts a script of ours in a process of its own: no environment but a folder for temporary files, which goes with it, nothing on stderr, its own heap limit. */
export function startCompanion(script: string, args: readonly string[], { megabytes }: { readonly megabytes: number }): Program {
  const temporary = mkdtempSync(join(tmpdir(), "clanker-companion-"));
  const child = spawn(process.execPath, [`--max-old-space-size=${megabytes}`, "--max-semi-space-size=2", script, ...args], {
    cwd: "/",
    env: { TMPDIR: temporary },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const program = speakLines(child, MAX_LINE);
  const ended = program.ended.then((how) => {
    rmSync(temporary, { recursive: true, force: true });
    return how;
  });
  return { ...program, ended };
}
