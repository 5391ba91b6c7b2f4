import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readSource, type Source } from "./architecture/source.ts";
import { cyclesOf, faultsOf, graphOf, roomOf } from "./architecture/walls.ts";
import { docPathFaults } from "./architecture/doc-paths.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const sources: Source[] = globSync(["src/**/*.ts", "ui/**/*.{ts,tsx}", "test/**/*.ts", "bench/**/*.ts", "scripts/**/*.ts"], {
  cwd: root,
  exclude: ["test/tmp/**", "test/fixtures/**"],
})
  .toSorted()
  .map((path) => readSource(path, readFileSync(join(root, path), "utf8")));
const program = sources.filter((source) => source.path.startsWith("src/"));

const none = (faults: readonly string[]) => assert.ok(faults.length === 0, `\n${faults.join("\n")}\n`);

describe("the walls of the house", () => {
  test("sec-83 every file keeps to the imports and powers of its room", () => none(sources.flatMap(faultsOf)));

  test("no file imports itself around a corner, types included", () => {
    none(cyclesOf(graphOf(sources)).map((files) => `cycle: ${files.join(" -> ")}: move what they share into a file of its own`));
  });

  test("no room imports itself around a corner, types included", () => {
    none(cyclesOf(graphOf(program, roomOf)).map((rooms) => `cycle: ${rooms.join(" -> ")}`));
  });

  test("every imported file exists", () => {
    none(
      sources.flatMap(({ path, imports }) =>
        imports.filter((item) => item.local && !existsSync(join(root, item.target))).map((item) => `${path}:${item.line} ${item.target} does not exist`),
      ),
    );
  });

  test("every path named in the docs exists", () => {
    const docs = globSync(["*.md", "docs/**/*.md", "src/**/*.md", "ui/**/*.md", "examples/**/*.md", "deploy/**/*.md"], { cwd: root });
    none(docs.flatMap((path) => docPathFaults(root, path)));
  });
});

describe("the architecture test itself", () => {
  const faults = (path: string, text: string) => faultsOf(readSource(path, text)).join("\n");

  const refused: [title: string, path: string, text: string][] = [
    ["an import of a neighbour adapter", "src/channels/slack/index.ts", `import { a } from "../telegram/index.ts";`],
    ["a type import through a wall", "src/core/a.ts", `import type { A } from "../turn/index.ts";`],
    ["an import() type through a wall", "src/agent/a.ts", `export const a: import("../turn/index.ts").A = 1;`],
    ["a re-export through a wall", "src/agent/a.ts", `export * from "../turn/index.ts";`],
    ["a worker file of another room", "src/channels/slack/a.ts", `export const w = new URL("../../store/sqlite/writer-worker.ts", import.meta.url);`],
    ["security/host outside app", "src/turn/a.ts", `import { a } from "../security/host/sandbox.ts";`],
    ["app imported by cli at load", "src/cli/a.ts", `import { a } from "../app/app.ts";`],
    ["a leaf config that loads its room", "src/channels/slack/config.ts", `import { a } from "./render.ts";`],
    ["a package in core", "src/core/a.ts", `import * as v from "valibot";`],
    ["a value import of a types package", "src/channels/telegram/a.ts", `import { a } from "@grammyjs/types";`],
    ["a process outside security/host", "src/app/a.ts", `import { spawn } from "node:child_process";`],
    ["a socket outside egress", "src/security/host/sandbox.ts", `import { connect } from "node:net";`],
    ["a global fetch", "src/channels/slack/a.ts", `await fetch("https://example.org");`],
    ["globalThis.fetch", "src/models/openai/a.ts", `await globalThis.fetch("https://example.org");`],
    ["a second name for fetch", "src/models/openai/a.ts", `const get = fetch; await get("https://example.org");`],
    ["process.env", "src/app/a.ts", `export const a = process.env["X"];`],
    ["process under another name", "src/app/a.ts", `const p = process; export const a = p.env["X"];`],
    ["a computed import", "src/app/a.ts", `export const a = (name: string) => import(name);`],
    ["the wall clock in turn", "src/turn/a.ts", `export const a = () => Date.now();`],
    ["an empty new Date", "src/jobs/a.ts", `export const a = () => new Date();`],
    ["Date handed on", "src/jobs/a.ts", `const { now } = Date; export const a = now;`],
    ["a timer in agent", "src/agent/a.ts", `setTimeout(() => {}, 1);`],
    ["chance in store operations", "src/store/operations/a.ts", `export const a = Math.random();`],
    ["crypto in sessions", "src/sessions/a.ts", `export const a = crypto.randomUUID();`],
    ["node: in security", "src/security/gate.ts", `import { createHash } from "node:crypto";`],
    ["module state", "src/turn/a.ts", `export let count = 0;`],
    ["a module-level map to be filled", "src/turn/a.ts", `const seen = new Map<string, string>();`],
    ["a default export", "src/app/a.ts", `export default 1;`],
    ["an enum", "src/app/a.ts", `enum A { B }`],
    ["a file called helpers", "src/app/helpers.ts", ""],
    ["a file in camel case", "src/app/runTurn.ts", ""],
    ["a room nobody has heard of", "src/extra/a.ts", `import "../core/a.ts";`],
    ["a page that imports the program", "ui/src/a.tsx", `import { a } from "../../src/core/errors.ts";`],
  ];
  for (const [title, path, text] of refused) test(`refuses ${title}`, () => assert.notEqual(faults(path, text), ""));

  const allowed: [title: string, path: string, text: string][] = [
    ["store/operations to a store", "src/store/postgres/a.ts", `import { a } from "../operations/a.ts"; import pg from "pg";`],
    ["app by await import() to cli", "src/cli/a.ts", `export const a = async () => await import("../app/app.ts");`],
    ["a leaf config to config", "src/config/a.ts", `import { a } from "../channels/telegram/config.ts";`],
    ["types of a platform", "src/channels/telegram/a.ts", `import type { Update } from "@grammyjs/types";`],
    [
      "dates from given numbers",
      "src/jobs/a.ts",
      `export const a = (at: number, date: Date) => new Date(at).getTime() + Date.UTC(2026, 1) + Number(date instanceof Date);`,
    ],
    [
      "a property called fetch or process",
      "src/turn/a.ts",
      `export const a = (port: { fetch(): void; process: number }) => { port.fetch(); return port.process; };`,
    ],
    ["a parameter called fetch", "src/models/openai/a.ts", `export const a = (fetch: () => void) => fetch();`],
    ["the client's own sockets", "src/client/a.ts", `export const a = (url: string) => new WebSocket(url);`],
  ];
  for (const [title, path, text] of allowed) test(`allows ${title}`, () => assert.equal(faults(path, text), ""));

  test("finds a cycle of three", () => {
    const text = (target: string) => `import type { A } from "./${target}.ts";`;
    const three = [readSource("src/core/a.ts", text("b")), readSource("src/core/b.ts", text("c")), readSource("src/core/c.ts", text("a"))];
    assert.deepEqual(cyclesOf(graphOf(three)), [["src/core/a.ts", "src/core/b.ts", "src/core/c.ts"]]);
  });
});
