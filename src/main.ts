#!/usr/bin/env -S node --max-semi-space-size=2
/** The entry of `clanker`: parses the command line and sets the exit code. Everything else is loaded by the command that needs it. */
import module from "node:module";
import { nodeTooOld } from "./cli/node-version.ts";

const tooOld = nodeTooOld(process.versions.node);
if (tooOld === undefined) {
  module.enableCompileCache();
  const { runCli } = await import("./cli/index.ts");
  process.exitCode = await runCli(process.argv.slice(2));
} else {
  process.stderr.write(`${tooOld}\n`);
  process.exitCode = 78;
}
