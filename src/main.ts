#!/usr/bin/env -S node --max-semi-space-size=2
/** The entry of `clanker`: parses the command line and sets the exit code. Everything else is loaded by the command that needs it. */
import { enableCompileCache } from "node:module";

enableCompileCache();

const { runCli } = await import("./cli/index.ts");
process.exitCode = await runCli(process.argv.slice(2));
