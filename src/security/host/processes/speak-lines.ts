import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Program } from "../../../core/programs.ts";
import { killGroup } from "./kill-group.ts";

/** What is asked to end by its closed input gets this long. */
const GRACE_MS = 3_000;

/**
 * Speaks to a child that leads a process group of its own, one JSON object per line. It sees its input closed when we end, however that comes (fault-77), and whatever
 * it has started ends with it.
 * @param maxLine characters; a child whose line is longer is ended
 */
export function speakLines(child: ChildProcessByStdio<Writable, Readable, null>, maxLine: number): Program {
  let over = false;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      over = true;
      resolve(how);
    };
    child.once("error", (error: NodeJS.ErrnoException) => end(`it cannot be started (${error.code ?? error.message})`));
    child.once("close", (code, signal) => {
      killGroup(child.pid);
      end(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
    });
  });
  child.stdin.on("error", () => {});
  child.stdout.on("error", () => {});
  return {
    messages: objects(child.stdout, { maxLine, onTooLong: () => killGroup(child.pid) }),
    ended,
    send: (message) => !over && child.stdin.writable && (child.stdin.write(`${JSON.stringify(message)}\n`), true),
    async stop() {
      child.stdin.end();
      // Who reads nothing keeps it from ending.
      child.stdout.resume();
      const timer = setTimeout(() => killGroup(child.pid), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

type Objects = AsyncGenerator<Readonly<Record<string, unknown>>, void>;

/** Lines come in pieces, and a line of a file's size in hundreds of them: they are joined once. */
async function* objects(stream: AsyncIterable<Buffer>, { maxLine, onTooLong }: { maxLine: number; onTooLong: () => void }): Objects {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const [first = "", ...begun] = decoder.decode(chunk, { stream: true }).split("\n");
      pieces.push(first);
      size += first.length;
      for (const next of begun) {
        const object = parse(pieces.join(""));
        pieces = [next];
        size = next.length;
        if (object !== undefined) yield object;
      }
      if (size > maxLine) return onTooLong();
    }
  } catch {
    // A broken pipe ends what comes in; `ended` says why.
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
