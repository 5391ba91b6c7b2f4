/**
 * Everything that can be said about the sources within a minute: format, lint, types, architecture, generated docs, unit tests.
 * One line per stage; a failing stage shows its output. Two stages run at a time.
 *   npm run check               everything
 *   npm run check -- --static   without the unit tests (.ci/run runs all tests right after it)
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** What to do when it fails. */
  readonly hint: string;
}

const stages: Stage[] = [
  ...(process.argv.includes("--static")
    ? []
    : [{ name: "unit tests", command: ["node", "scripts/test.ts", "--unit"], hint: "run one file with: node --test FILE" }]),
  { name: "types", command: ["tsc", "--noEmit"], hint: "" },
  { name: "format", command: ["oxfmt", "--check"], hint: "run: npm run format" },
  { name: "lint", command: ["oxlint", "."], hint: "" },
  ...globSync("scripts/docs-*.ts", { cwd: root })
    .toSorted()
    .map((script) => ({ name: `${/docs-(.*)\.ts/.exec(script)?.[1]} docs`, command: ["node", script, "--check"], hint: `run: node ${script}` })),
];

async function runStage(stage: Stage): Promise<boolean> {
  const started = performance.now();
  const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`;
  const [program = "", ...args] = stage.command;
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path }, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      output.push(Buffer.from(String(error)));
      resolve(null);
    });
    child.on("close", resolve);
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const ok = code === 0;
  console.log(`${ok ? "✔" : "✖"} ${stage.name.trim()} ${seconds} s`);
  if (!ok) console.log(`${Buffer.concat(output).toString("utf8").trimEnd()}\n${stage.hint}`.trimEnd());
  return ok;
}

const waiting = [...stages];
const results: boolean[] = [];
async function worker(): Promise<void> {
  for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) results.push(await runStage(stage));
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
process.exitCode = results.every(Boolean) ? 0 : 1;
