import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { createProgram } from "../../src/cli/program.ts";
import { createOutput } from "../../src/cli/output.ts";
import { createClanker } from "./run-clanker.ts";

const clanker = createClanker();
after(() => clanker.close());

/** contract.md, CLI, without what is not built. */
const COMMANDS = [
  "agent run",
  "agent status",
  "agent stop",
  "approvals approve",
  "approvals deny",
  "approvals list",
  "audit list",
  "audit verify",
  "backup",
  "channels connect",
  "channels disconnect",
  "channels list",
  "channels login",
  "channels logout",
  "channels status",
  "chat",
  "completion",
  "config edit",
  "config generate",
  "config get",
  "config path",
  "config schema",
  "config set",
  "config show",
  "config unset",
  "config validate",
  "config-generate",
  "config-validate",
  "cron add",
  "cron edit",
  "cron list",
  "cron remove",
  "cron run",
  "cron runs",
  "devices approve",
  "devices list",
  "devices reject",
  "devices revoke",
  "devices rotate",
  "doctor",
  "gateway run",
  "gateway status",
  "gateway stop",
  "gateway token",
  "logs",
  "models list",
  "models test",
  "pairing approve",
  "pairing deny",
  "pairing list",
  "reset",
  "restore",
  "secrets list",
  "secrets remove",
  "secrets set",
  "send",
  "sessions archive",
  "sessions branch",
  "sessions compact",
  "sessions delete",
  "sessions export",
  "sessions export-user",
  "sessions list",
  "sessions purge-user",
  "sessions reset",
  "sessions restore",
  "sessions search",
  "sessions show",
  "setup",
  "start",
  "status",
  "usage",
  "version",
];

test("the command tree is the built part of the contract, with what it has besides, and nothing else", () => {
  const program = createProgram(createOutput({ argv: [], env: {}, stdout: process.stdout, stderr: process.stderr }));
  const names = program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command.name()] : command.commands.map((child) => `${command.name()} ${child.name()}`),
  );
  assert.deepEqual(names.toSorted(), COMMANDS);
  assert.deepEqual(program.commands.find((command) => command.name() === "setup")?.aliases(), ["wizard", "onboard"]);
});

test("--help, --version and help of a command go to stdout with exit code 0", async () => {
  const help = await clanker.run(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: clanker/);
  assert.equal(help.stderr, "");
  assert.match((await clanker.run(["config", "set", "--help"])).stdout, /^Usage: clanker config set \[options\] <key> <value>/);
  assert.match((await clanker.run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await clanker.run(["version"])).stdout, /^clanker \d+\.\d+\.\d+ \(node /);
});

test("a wrong command line ends with exit code 2, message and hint on stderr and nothing on stdout", async () => {
  const lines = [
    [["confg"], /unknown command 'confg'/],
    [["config", "got"], /unknown command 'got'/],
    [["config"], /a command is missing/],
    [["config", "get"], /missing required argument 'key'/],
    [["agent", "run"], /required option '--message <text>'/],
    [["agent", "run", "--message", "x", "--thinking", "hard"], /Allowed choices are off, low, medium, high/],
    [["logs", "-n", "none"], /a whole number/],
    [["version", "--nope"], /unknown option '--nope'/],
    [["completion", "tcsh"], /no completion for "tcsh"/],
    [["chat", "--json"], /chat prints a conversation/],
    [["logs", "-f", "--json"], /--follow does not end/],
    [["secrets", "set", "a b"], /not a name for a secret/],
  ] as const;
  const runs = await Promise.all(lines.map(([args]) => clanker.run(args)));
  for (const [index, [args, message]] of lines.entries()) {
    const { code, stdout, stderr } = runs[index] ?? { code: 0, stdout: "", stderr: "" };
    const asJson = (args as readonly string[]).includes("--json");
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(asJson ? stdout : stderr, message);
    if (!asJson) assert.equal(stdout, "");
  }
});

test("with --json every outcome is one document on stdout, errors and help too", async () => {
  const wrong = await clanker.json(["nope"]);
  assert.equal(wrong.code, 2);
  assert.deepEqual(Object.keys(wrong.document["error"] as object), ["code", "message", "hint"]);
  assert.equal((await clanker.json(["version"])).document["node"], process.versions.node);
  assert.match(String((await clanker.json(["--help"])).document["help"]), /^Usage/);
});

test("what needs a gateway ends with exit code 69 and says how to start one", async () => {
  const commands = [["status"], ["gateway", "status"], ["gateway", "stop"], ["chat"], ["agent", "run", "--message", "hi"], ["sessions", "list"], ["logs"]];
  const runs = await Promise.all(commands.map((args) => clanker.run(args)));
  for (const [index, { code, stdout, stderr }] of runs.entries()) {
    assert.equal(code, 69, String(commands[index]));
    assert.equal(stdout, "");
    assert.match(stderr, /gateway_unreachable/);
  }
  assert.match(runs[0]?.stderr ?? "", /start it with: clanker start/);
  const { code, document } = await clanker.json(["status"]);
  assert.equal(code, 69);
  assert.equal((document["error"] as { code: string }).code, "gateway_unreachable");
});

test("models test says which half of provider:model is wrong", async () => {
  const one = async (model: string) => (await clanker.run(["models", "test", model])).stderr;
  assert.match(await one("nope:x"), /no provider named "nope" is configured[^]*providers are: offline/);
  assert.match(await one("offline"), /names a provider without a model[^]*write offline:MODEL/);
});

test("an error shows its stack with --debug only", async () => {
  assert.doesNotMatch((await clanker.run(["status"])).stderr, /\n {4}at /);
  assert.match((await clanker.run(["status", "--debug"])).stderr, /\n {4}at /);
});

test("doctor changes nothing, and with --fix mends modes and what a process that died has left", async () => {
  const data = join(clanker.home, "data");
  mkdirSync(data, { recursive: true });
  chmodSync(data, 0o755);
  writeFileSync(join(data, "gateway.json"), JSON.stringify({ pid: 2 ** 22 + 1, url: "http://127.0.0.1:1" }));
  const looked = (await clanker.run(["doctor"])).stdout;
  assert.match(looked, /can be read by others[^]*gateway\.json: names a gateway that does not run[^]*2 of this is mended by: clanker doctor --fix/);
  assert.equal(statSync(data).mode & 0o777, 0o755);
  const mended = (await clanker.run(["doctor", "--fix"])).stdout;
  assert.match(mended, /it is yours alone now[^]*gateway\.json: .*: removed/);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  assert.ok(!existsSync(join(data, "gateway.json")));
  assert.doesNotMatch((await clanker.run(["doctor"])).stdout, /--fix/);
});

test("colours stay away from a pipe, from --no-color and from NO_COLOR", async () => {
  for (const env of [{}, { NO_COLOR: "1", FORCE_COLOR: "1" }] as Record<string, string>[])
    assert.ok(!(await clanker.run(["doctor", "--no-color"], { env })).stdout.includes("\u001b"));
  const stream = (isTTY: boolean) => ({ isTTY }) as NodeJS.WriteStream;
  const color = (argv: string[], env: Record<string, string>, isTTY = true) => createOutput({ argv, env, stdout: stream(isTTY), stderr: stream(isTTY) }).color;
  assert.equal(color([], {}), true);
  assert.equal(color([], {}, false), false);
  assert.equal(color(["--no-color"], {}), false);
  assert.equal(color(["--json"], {}), false);
  assert.equal(color([], { NO_COLOR: "1" }), false);
  assert.equal(color([], { TERM: "dumb" }), false);
});

test("a reader that goes away ends the program quietly", async () => {
  const child = clanker.spawn(["config", "schema"]);
  const errors: string[] = [];
  child.stderr?.on("data", (chunk) => errors.push(String(chunk)));
  child.stdout?.destroy();
  await once(child, "close");
  assert.deepEqual(errors, []);
});

test("the completion scripts are accepted by the shells that are installed and know commands and options", async (context) => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout, code } = await clanker.run(["completion", shell]);
    assert.equal(code, 0);
    assert.match(stdout, /wizard/);
    const checked = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
    if (checked.error === undefined) assert.equal(checked.stderr, "");
    else context.diagnostic(`${shell} is not installed: its syntax was not checked`);
  }
  const script = (await clanker.run(["completion", "bash"])).stdout;
  const complete = (words: string[]) =>
    spawnSync("bash", [
      "-c",
      `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _clanker; echo "\${COMPREPLY[@]}"`,
    ])
      .stdout.toString()
      .trim();
  assert.equal(complete(["clanker", "sec"]), "secrets");
  assert.equal(complete(["clanker", "config", "s"]), "show set schema");
  assert.equal(complete(["clanker", "--json", "agent", "run", "--mes"]), "--message");
});
