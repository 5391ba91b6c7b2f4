import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Command } from "commander";
import { createOutput } from "../../src/cli/output.ts";
import { createProgram } from "../../src/cli/program.ts";
import { scratchHome } from "../config/scratch-home.ts";

const root = join(import.meta.dirname, "../..");
const program = createProgram(createOutput({ argv: [], env: {}, stdout: process.stdout, stderr: process.stderr }));

/** The one file that an example names. */
const SERVICE_ACCOUNT = JSON.stringify({ type: "service_account", client_email: "a@b.example", private_key: "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n" });

/** Fenced blocks, also those within lists. */
function blocks(page: string): { readonly language: string; readonly text: string }[] {
  return [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, indent = "", language = "", text = ""]) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** Lines without a section belong to the first one of the page, instead of its own of the same name; a section below the page's first one comes behind that. */
function whole(text: string, first: string): string {
  const header = /^\[([^\]]+)\]/.exec(first)?.[1] ?? "";
  if (text !== first && text.startsWith(`[${header}.`) && !text.startsWith(`[${header}.accounts`)) return `${first}\n${text}`;
  if (text.startsWith("[")) return text;
  const keys = new Set([...text.matchAll(/^(\w+) =/gm)].map(([, key]) => key));
  const [section = "", ...rest] = first.split("\n").filter((line) => !keys.has(/^(\w+) =/.exec(line)?.[1]));
  return [section, text, ...rest].join("\n");
}

/** As it would be with every variable, secret and file that it names in place, each with a value of its own. */
async function problemsOf(text: string) {
  const value = (name: string) => (/nostr/i.test(name) ? "11".repeat(32) : `value-of-${name}-0123456789`);
  using home = scratchHome({ "config.toml": text.replaceAll(/"secret:([\w-]+)"/g, (_, name: string) => JSON.stringify(value(name))) });
  for (const [, name] of text.matchAll(/"file:([\w./-]+)"/g)) home.write(name!, SERVICE_ACCOUNT);
  return await home.problems(Object.fromEntries([...text.matchAll(/\$\{([A-Z_0-9]+)\}/g)].map(([, name]) => [name!, value(name!)])));
}

function assertCommand(line: string): void {
  const words = line
    .replace(/(^|\s)#.*$/, "")
    .replaceAll(/"[^"]*"/g, "TEXT")
    .trim()
    .split(/\s+/)
    .slice(1);
  let command: Command = program;
  for (let next = find(command, words[0]); next !== undefined; next = find(command, words[0])) {
    command = next;
    words.shift();
  }
  assert.notEqual(command, program, `${line}: no such command`);
  for (const flag of words.filter((word) => word.startsWith("--"))) assert.ok(hasFlag(command, flag.split("=")[0]!), `${line}: no such option as ${flag}`);
}

function hasFlag(command: Command, flag: string): boolean {
  for (let one: Command | null = command; one !== null; one = one.parent) if (one.options.some(({ long }) => long === flag)) return true;
  return false;
}

function find(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((one) => one.name() === name);
}

for (const file of globSync(["README.md", "docs/*.md", "docs/channels/*.md"], { cwd: root }).toSorted()) {
  const found = blocks(readFileSync(join(root, file), "utf8"));
  const configs = found.filter(({ language }) => language === "toml");
  const commands = found
    .filter(({ language }) => language === "" || language === "sh")
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => line.startsWith("clanker "));
  if (configs.length === 0 && commands.length === 0) continue;
  describe(file, () => {
    if (configs.length > 0)
      test("each configuration is valid as it stands", async () => {
        for (const { text } of configs) assert.deepEqual(await problemsOf(whole(text, configs[0]!.text)), [], text);
      });
    if (commands.length > 0)
      test("each command line is one that there is", () => {
        for (const line of commands) assertCommand(line);
      });
  });
}
