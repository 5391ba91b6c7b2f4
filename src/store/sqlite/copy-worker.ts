/** Entry of the thread that copies and checks databases. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "../../core/errors.ts";
import { createSqliteRunner, toStoreError } from "../operations/run-on-sqlite.ts";
import { schemaVersion } from "../operations/migrations/migrate.ts";
import type { CopyReply, CopyRequest, DatabaseFacts } from "./copy-protocol.ts";
import { toPlainError } from "./writer-protocol.ts";

function copy(path: string, target: string): DatabaseFacts {
  // SQLite would make it readable for everybody; it takes an empty file for a new one.
  closeSync(openSync(target, "wx", 0o600));
  chmodSync(target, 0o600);
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    database.prepare("VACUUM INTO ?").run(target);
  } finally {
    database.close();
  }
  return check(target);
}

function check(path: string): DatabaseFacts {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    const { integrity_check: found } = database.prepare("PRAGMA integrity_check(1)").get() as { integrity_check: string };
    if (found !== "ok") throw new StoreError("store_corrupt", `${path}: ${found}`, { hint: "This copy is damaged; use an older one." });
    const schema = createSqliteRunner(database).run(schemaVersion());
    const newest = database.prepare("SELECT received_at FROM inbox ORDER BY seq DESC LIMIT 1").get() as { received_at: number } | undefined;
    return { schema, ...(newest && { newest_message_at: newest.received_at }) };
  } finally {
    database.close();
  }
}

const request = workerData as CopyRequest;
let reply: CopyReply;
try {
  reply = { facts: request.kind === "copy" ? copy(request.path, request.target) : check(request.path) };
} catch (error) {
  reply = { error: toPlainError(toStoreError(error)) };
}
parentPort!.postMessage(reply);
