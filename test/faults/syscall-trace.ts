/** What a process wrote to disk and when it was synced, from outside: strace sees the calls of the kernel, so nothing that the program says of itself is believed. */
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

export type DiskEvent =
  | { readonly kind: "write"; readonly file: string; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: string; readonly size: number }
  | { readonly kind: "sync"; readonly file: string }
  | { readonly kind: "remove"; readonly file: string }
  | { readonly kind: "rename"; readonly file: string; readonly to: string }
  /** A line on standard output. */
  | { readonly kind: "said"; readonly line: string };

const CALLS = "pwrite64,pwritev,pwritev2,write,fdatasync,fsync,ftruncate,unlink,unlinkat,rename,renameat,renameat2";

/**
 * Runs a script of ours under strace until it has said `lines` lines, then kills it.
 * @returns events on files whose name begins with `prefix`, and what it said, in the order the kernel saw them
 * @throws Error when strace is not there or may not trace
 */
export async function traceWrites(script: string, args: readonly string[], { prefix, lines }: { prefix: string; lines: number }): Promise<DiskEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), "clanker-trace-"));
  const output = join(folder, "trace");
  const options = ["-f", "-qq", "-y", "-xx", "-s", "100000000", "-e", `trace=${CALLS}`, "-e", "signal=none", "-o", output];
  // A group of its own: killing strace alone would let its child go on.
  const child = spawn("strace", [...options, process.execPath, script, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let said = 0;
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += String(chunk)));
  child.stdout.on("data", (chunk: Buffer) => {
    said += String(chunk).split("\n").length - 1;
    if (said >= lines && child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
  });
  const ended = await new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("close", () => resolve(undefined));
  });
  try {
    if (ended !== undefined || said < lines)
      throw new Error(`strace is needed and must be allowed to trace (scripts/install-test-tools.sh): ${ended?.message ?? complaint.slice(-2_000)}`);
    return await readTrace(output, prefix);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readTrace(path: string, prefix: string): Promise<DiskEvent[]> {
  const events: DiskEvent[] = [];
  const unfinished = new Map<string, string>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const cut = rest.indexOf(" <unfinished ...>");
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (cut >= 0) unfinished.set(thread, rest.slice(0, cut));
    else {
      const whole = resumed === null ? rest : `${unfinished.get(thread) ?? ""}${resumed[1]}`;
      if (resumed !== null) unfinished.delete(thread);
      events.push(...eventsOf(whole, prefix));
    }
  }
  return events;
}

/** A call that has ended. A sync counts from its end, a write too: before that it was not promised to anybody. */
function eventsOf(call: string, prefix: string): DiskEvent[] {
  const [, name = "", args = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/.exec(call) ?? [];
  if (name === "" || result.startsWith("-")) return [];
  const [, descriptor = "", path = ""] = /^(\d+)<([^>]*)>/.exec(args) ?? [];
  const file = basename(plain(path).toString());
  const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => plain(match[1]!));
  if (name === "write" && descriptor === "1")
    return strings[0]!
      .toString()
      .split("\n")
      .filter(Boolean)
      .map((line) => ({ kind: "said", line }));
  if (name.startsWith("unlink") || name.startsWith("rename")) {
    const [from = "", to = ""] = strings.map((text) => basename(text.toString()));
    if (!from.startsWith(prefix)) return [];
    return [name.startsWith("unlink") ? { kind: "remove", file: from } : { kind: "rename", file: from, to }];
  }
  if (!file.startsWith(prefix)) return [];
  if (name === "fdatasync" || name === "fsync") return [{ kind: "sync", file }];
  const numbers = args
    .slice(args.lastIndexOf('"') + 1)
    .split(",")
    .map(Number);
  if (name === "ftruncate") return [{ kind: "truncate", file, size: Number(args.split(",")[1]) }];
  if (name === "pwrite64") return [{ kind: "write", file, offset: numbers.at(-1)!, bytes: strings[0]! }];
  throw new Error(`a way of writing that the model does not know: ${name} on ${file}`);
}

/** Text of `-xx`. */
function plain(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
