/**
 * What the program prints. Without `--json`: text on stdout, errors as message and hint on stderr. With it: exactly one JSON document on stdout, a result or
 * `{"error": {code, message, hint}}`, and nothing else there.
 */
import { styleText } from "node:util";
import { ClankerError } from "../core/errors.ts";

export type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  readonly debug: boolean;
  readonly color: boolean;
  /** The result of the command; with `--json` the document, else the text. Once per command. */
  result(result: { json: unknown; text: string; exitCode?: number }): void;
  /** A line for people about what goes on; with `--json` it goes to stderr. */
  say(line: string): void;
  /** Text on stdout as it comes, for commands that stream; they refuse `--json` first. */
  stream(text: string): void;
  /** A line on stderr. */
  warn(line: string): void;
  /** Message and hint of whatever was thrown, or the error document. */
  fail(error: unknown): void;
  paint(style: Style, text: string): string;
  /** What is to be printed by `--help` and its kin. */
  help(text: string): void;
  /** Whoever reads the output may go: the program stays. For the gateway, whose work is not to be read. */
  outliveReader(): void;
  readonly outlivesReader: boolean;
  /** @returns the exit code of a command that did not throw. */
  finish(): number;
}

export interface OutputOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Looks at the command line itself, because its own errors have to come out in the right form as well. */
export function createOutput({ argv, env, stdout, stderr }: OutputOptions): Output {
  const flags = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  const json = flags.includes("--json");
  const debug = flags.includes("--debug");
  const color = !json && wantsColor(flags, env, stdout);
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  let help = "";
  let exitCode = 0;
  let documented = false;
  let outlives = false;

  const document = (value: unknown) => {
    if (documented) return;
    documented = true;
    stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  };

  return {
    json,
    debug,
    color,
    paint,
    result(result) {
      exitCode = result.exitCode ?? 0;
      if (json) document(result.json);
      else if (result.text !== "") stdout.write(result.text.endsWith("\n") ? result.text : `${result.text}\n`);
    },
    say: (line) => void (json ? stderr : stdout).write(`${line}\n`),
    stream: (text) => void stdout.write(text),
    warn: (line) => void stderr.write(`${line}\n`),
    fail(thrown) {
      const { code, message, hint } = describeError(thrown);
      const stack = debug && thrown instanceof Error ? stackOf(thrown) : undefined;
      if (json) return document({ error: { code, message, ...(hint === undefined ? {} : { hint }), ...(stack === undefined ? {} : { stack }) } });
      stderr.write(`${paint("red", "error:")} ${message} ${paint("dim", `(${code})`)}\n`);
      if (hint !== undefined) stderr.write(`${hint}\n`);
      if (stack !== undefined) stderr.write(`${paint("dim", stack)}\n`);
    },
    outliveReader: () => void (outlives = true),
    get outlivesReader() {
      return outlives;
    },
    help: (text) => void (help += text),
    finish() {
      if (help !== "") {
        if (json) document({ help });
        else stdout.write(help);
      }
      return exitCode;
    },
  };
}

function wantsColor(flags: readonly string[], env: OutputOptions["env"], stdout: NodeJS.WriteStream): boolean {
  if (flags.includes("--no-color") || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return false;
  return stdout.isTTY === true;
}

/** The parts of any thrown value that a person gets to see. */
export function describeError(thrown: unknown): { code: string; message: string; hint?: string } {
  if (thrown instanceof ClankerError) return { code: thrown.code, message: thrown.message, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) };
  if (!(thrown instanceof Error)) return { code: "internal", message: String(thrown) };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "internal";
  const hint = "hint" in thrown && typeof thrown.hint === "string" ? { hint: thrown.hint } : {};
  return {
    code,
    message: thrown.message,
    ...(code === "internal" ? { hint: "this is a fault of the program: run it again with --debug and report what it says" } : hint),
  };
}

function stackOf(error: Error): string {
  const stack = error.stack ?? String(error);
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}
