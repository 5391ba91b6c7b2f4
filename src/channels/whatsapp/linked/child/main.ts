/**
 * The program beside the gateway that holds baileys, a library which is not ours and may break: what it does to its process it does to this one. It reads orders from
 * stdin, writes what happens to stdout, has no environment, and ends with its input.
 */
import { createInterface } from "node:readline";
import type { CallError, FromChild, ToChild } from "../protocol.ts";
import { CallFailure, runCall } from "./calls.ts";
import { createKeys, type Keys } from "./keys.ts";
import { type Library, loadLibrary } from "./library.ts";
import { openSession, type Session } from "./session.ts";

// libsignal prints sessions with their keys (sec-115), and stdout is ours.
for (const name of ["log", "info", "warn", "error", "debug", "trace"] as const) console[name] = () => {};

let library: Library | undefined;
let keys: Keys | undefined;
let session: Session | undefined;
let asked = 0;
const keeping = new Map<number, PromiseWithResolvers<void>>();

function tell(message: FromChild): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function keep(changes: Readonly<Record<string, string | null>>): Promise<void> {
  const id = ++asked;
  const kept = Promise.withResolvers<void>();
  keeping.set(id, kept);
  tell({ type: "keep", id, changes });
  return kept.promise;
}

async function open({ folders, keys: kept }: Extract<ToChild, { type: "open" }>): Promise<void> {
  const found = await loadLibrary(folders);
  if (found === undefined) return tell({ type: "missing", folders });
  library = found.library;
  keys = createKeys(library, kept, keep);
  tell({ type: "opened", version: found.version, linked: keys.auth.creds.me !== undefined && keys.auth.creds.account !== undefined });
}

async function call({ id, method, params }: Extract<ToChild, { type: "call" }>): Promise<void> {
  try {
    if (library === undefined || session === undefined) throw new CallFailure({ kind: "away", message: "there is no connection" });
    tell({ type: "answer", id, result: await runCall(library, session, method, params) });
  } catch (error) {
    tell({ type: "answer", id, error: error instanceof CallFailure ? error.error : fromLibrary(error) });
  }
}

/** baileys' errors bear a status as HTTP has them: of the connection, or of what the server answered to a question before anything was sent. */
function fromLibrary(error: unknown): CallError {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode;
  if (code === undefined) return { kind: "invalid", message };
  return { kind: code === 408 || code === 428 || code >= 500 ? "away" : "refused", message, code };
}

async function obey(order: ToChild): Promise<void> {
  switch (order.type) {
    case "open":
      return open(order);
    case "connect":
      session?.close();
      if (library !== undefined && keys !== undefined) session = openSession({ library, keys, phone: order.phone, tell });
      return;
    case "call":
      return call(order);
    case "kept": {
      const kept = keeping.get(order.id);
      keeping.delete(order.id);
      if (order.ok) kept?.resolve();
      else kept?.reject(new Error("the gateway could not keep it"));
    }
  }
}

function fail(error: unknown): void {
  // Words alone: what libraries attach to their errors may hold keys.
  process.stdout.write(`${JSON.stringify({ type: "fatal", message: error instanceof Error ? error.message : "unknown" } satisfies FromChild)}\n`, () =>
    process.exit(1),
  );
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", (line) => void obey(JSON.parse(line) as ToChild).catch(fail));
lines.once("close", () => process.exit(0));
