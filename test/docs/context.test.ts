import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { agentsConfig } from "../../src/agent/config.ts";
import { createOutput } from "../../src/cli/output.ts";
import { createProgram } from "../../src/cli/program.ts";
import { usageConfig } from "../../src/turn/config.ts";
import { scratchHome } from "../config/scratch-home.ts";

for (const name of ["context", "budgets"])
  describe(`docs/${name}.md`, () => {
    const page = readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), "utf8");
    const blocks = (language: string) => [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, found = "", text = ""]) => (found === language ? [text] : []));

    test("each configuration is valid as it stands", async () => {
      for (const text of blocks("toml")) {
        using home = scratchHome({ "config.toml": text.replace("${ANTHROPIC_API_KEY}", "key") });
        await home.load();
      }
    });

    test("each command line is one that there is", () => {
      const program = createProgram(createOutput({ argv: [], env: {}, stdout: process.stdout, stderr: process.stderr }));
      for (const line of blocks("").flatMap((text) => text.trim().split("\n"))) {
        const [first, ...words] = line.split(/\s+/);
        assert.equal(first, "clanker");
        let command = program;
        for (const word of words) command = command.commands.find((one) => one.name() === word) ?? command;
        assert.notEqual(command, program, line);
        for (const flag of words.filter((word) => word.startsWith("--"))) assert.ok(command.options.some((option) => option.long === flag), line);
      }
    });
  });

test("docs/budgets.md names every key of [usage], docs/context.md those of summaries and helpers", () => {
  const page = (name: string) => readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), "utf8");
  for (const key of Object.keys(usageConfig.entries)) assert.ok(page("budgets").includes(key), key);
  assert.ok(Object.hasOwn(agentsConfig.entries, "summary_model") && Object.hasOwn(agentsConfig.entries, "sub_agents"));
  for (const key of ["summary_model", "max_depth", "max_running", "timeout_minutes"]) assert.ok(page("context").includes(key), key);
});
