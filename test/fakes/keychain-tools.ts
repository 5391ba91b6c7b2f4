import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `secret-tool` and `security` as programs in a folder of their own, to be put into PATH. */
export interface KeychainTools {
  readonly folder: string;
  /** What lies in the keychain, by the attributes it was stored under. */
  items(): Record<string, string>;
  /** Command line, environment and stdin of every call so far. */
  calls(): { program: string; args: string[]; env: Record<string, string>; input: string }[];
  /** `silent`: no service behind the tool. */
  state: "answers" | "silent";
  close(): void;
}

const SCRIPT = `
const fs = require("node:fs");
const { join, basename } = require("node:path");
const folder = __dirname, program = basename(__filename), args = process.argv.slice(2);
const input = program === "secret-tool" && args[0] !== "store" ? "" : fs.readFileSync(0, "utf8");
fs.appendFileSync(join(folder, "calls.jsonl"), JSON.stringify({ program, args, env: process.env, input }) + "\\n");
const file = join(folder, "items.json");
const items = JSON.parse(fs.readFileSync(file, "utf8"));
const save = () => fs.writeFileSync(file, JSON.stringify(items));
const end = (code, out = "", err = "") => { process.stdout.write(out); process.stderr.write(err); process.exitCode = code; };
const silent = fs.existsSync(join(folder, "silent"));
if (program === "secret-tool") {
  const [command, ...rest] = args;
  const key = rest.filter((arg) => !arg.startsWith("--")).join(" ");
  if (silent) end(1, "", "secret-tool: The name org.freedesktop.secrets was not provided by any .service files\\n");
  else if (command === "lookup") end(key in items ? 0 : 1, items[key] ?? "");
  else if (command === "store") { items[key] = input; save(); end(0); }
  else if (command === "clear") { const there = key in items; delete items[key]; save(); end(there ? 0 : 1); }
  else end(2, "", "usage");
} else {
  const words = args[0] === "-i" ? input.trim().split(" ") : args;
  const option = (name) => words[words.indexOf(name) + 1];
  const key = option("-s") + " " + option("-a");
  if (silent) end(args[0] === "-i" ? 0 : 36, "", "security: User interaction is not allowed.\\n");
  else if (words[0] === "find-generic-password") key in items ? end(0, items[key] + "\\n") : end(44, "", "could not be found\\n");
  else if (words[0] === "add-generic-password") { items[key] = option("-w"); save(); end(0); }
  else if (words[0] === "delete-generic-password") { const there = key in items; delete items[key]; save(); end(there ? 0 : 44); }
  else end(2);
}
`;

export function createKeychainTools(): KeychainTools {
  const folder = mkdtempSync(join(tmpdir(), "keychain-"));
  for (const program of ["secret-tool", "security"]) {
    writeFileSync(join(folder, program), `#!${process.execPath}\n${SCRIPT}`);
    chmodSync(join(folder, program), 0o755);
  }
  writeFileSync(join(folder, "items.json"), "{}");
  const silent = join(folder, "silent");
  return {
    folder,
    items: () => JSON.parse(readFileSync(join(folder, "items.json"), "utf8")) as Record<string, string>,
    calls() {
      const file = join(folder, "calls.jsonl");
      if (!existsSync(file)) return [];
      return readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as ReturnType<KeychainTools["calls"]>[number]);
    },
    get state() {
      return existsSync(silent) ? "silent" : "answers";
    },
    set state(state) {
      if (state === "silent") writeFileSync(silent, "");
      else rmSync(silent, { force: true });
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
