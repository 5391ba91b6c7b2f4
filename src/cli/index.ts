/** The door of the CLI: `runCli`, which src/main.ts calls. */
import type { CommanderError } from "commander";
import { processEnv } from "../config/env.ts";
import { exitCodeOf, UsageError } from "./exit-code.ts";
import { createOutput, type Output } from "./output.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command line to its end.
 * @param argv without the program's own two.
 * @returns the exit code: 0 done, 1 failed, 2 usage, 69 gateway not reachable, 77 not permitted, 78 config invalid. Never rejects.
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const output = createOutput({ argv, env: processEnv(), stdout: process.stdout, stderr: process.stderr });
  const forget = guardProcess(output);
  try {
    const program = createProgram(output);
    await program.parseAsync([...argv], { from: "user" });
    return output.finish();
  } catch (thrown) {
    const error = isCommanderError(thrown) ? usageOf(thrown) : thrown;
    if (error === undefined) return output.finish();
    output.fail(error);
    return exitCodeOf(error);
  } finally {
    forget();
  }
}

/** A promise that nobody awaited is told like any other error and makes the exit code 1; a reader that has gone (SIGPIPE) ends the program quietly, unless it has other work. */
function guardProcess(output: Output): () => void {
  const onLost = (error: unknown) => {
    output.fail(error);
    process.exitCode = 1;
    process.exit();
  };
  const onPipe = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" && !output.outlivesReader) process.exit(0);
  };
  process.on("unhandledRejection", onLost);
  process.on("uncaughtException", onLost);
  process.stdout.on("error", onPipe);
  process.stderr.on("error", onPipe);
  return () => {
    process.off("unhandledRejection", onLost);
    process.off("uncaughtException", onLost);
  };
}

function isCommanderError(thrown: unknown): thrown is CommanderError {
  return thrown instanceof Error && "exitCode" in thrown && "code" in thrown && typeof thrown.code === "string" && thrown.code.startsWith("commander.");
}

/** Help and version are no errors. */
function usageOf(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0 || error.code === "commander.version") return undefined;
  if (error.code === "commander.help" || error.code === "commander.helpDisplayed")
    return new UsageError("a command is missing here", "add --help to see what there is");
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = more.join(" ").match(/Did you mean .*\?/)?.[0];
  return new UsageError(message, suggestion ?? "add --help to see what there is");
}
