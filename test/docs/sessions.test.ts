import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { createOutput } from "../../src/cli/output.ts";
import { createProgram } from "../../src/cli/program.ts";
import { chatCommands } from "../../src/core/command.ts";
import { sessionsConfig } from "../../src/sessions/config.ts";
import { scratchHome } from "../config/scratch-home.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/sessions.md"), "utf8");

function blocks(language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, found = "", text = ""]) => (found === language ? [text] : []));
}

test("every configuration of docs/sessions.md is valid as it stands", async () => {
  const configs = blocks("toml");
  assert.ok(configs.length >= 5);
  for (const text of configs) {
    using home = scratchHome({ "config.toml": text });
    await home.load();
  }
});

test("every command line of docs/sessions.md is one that there is", () => {
  const output = createOutput({ argv: [], env: {}, stdout: process.stdout, stderr: process.stderr });
  const program = createProgram(output);
  const lines = blocks("").flatMap((text) => text.trim().split("\n"));
  assert.ok(lines.length >= 10);
  for (const line of lines) {
    const words = line.split(/\s+/);
    assert.equal(words.shift(), "clanker");
    let command: Command = program;
    for (let next = find(command, words[0]); next !== undefined; next = find(command, words[0])) {
      command = next;
      words.shift();
    }
    assert.notEqual(command, program, line);
    for (const flag of words.filter((word) => word.startsWith("--")))
      assert.ok(
        command.options.some((option) => option.long === flag),
        `${line}: ${flag}`,
      );
  }
});

function find(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((one) => one.name() === name);
}

test("docs/sessions.md explains every chat command and the keys that are its matter", () => {
  for (const { name } of chatCommands) assert.ok(page.includes(`\`/${name}`), name);
  for (const key of ["scope", "reset", "reply_back", "retention_days", "retention_mb"]) {
    assert.ok(Object.hasOwn(sessionsConfig.entries, key), key);
    assert.ok(page.includes(key), key);
  }
});
