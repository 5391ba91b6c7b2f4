/** Entry of the writer's thread: owns the one connection that writes. Every message that waits goes into the next transaction. */
import type { DatabaseSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { collectGarbage, SETTLED_MS } from "../../lib/collect-garbage/index.ts";
import { toStoreError } from "../operations/run-on-sqlite.ts";
import { createLogCap } from "./log-cap.ts";
import { openDatabase, type OpenedDatabase } from "./open-database.ts";
import { scrub } from "./scrub.ts";
import { createWriter } from "./writer.ts";
import { toPlainError, type Answer, type WorkItem, type WriterOptions, type WriterReply, type WriterRequest } from "./writer-protocol.ts";

/** Operations of one transaction; what is beyond goes into the next one. */
const MAX_BATCH = 1000;

const port = parentPort!;
const reply = (message: WriterReply): void => port.postMessage(message);

function serve({ database, migrated, backup }: OpenedDatabase, { path, logCapBytes }: WriterOptions): void {
  const writeBatch = createWriter(database);
  const logCap = createLogCap(database, path, logCapBytes);
  const write = (batch: readonly WorkItem[]): Answer[] => {
    const full = logCap();
    return full === undefined ? writeBatch(batch) : batch.map(({ id }) => ({ id, error: toPlainError(full) }));
  };
  const waiting: WorkItem[] = [];
  let closing = false;

  const scrubs: number[] = [];

  const take = (request: WriterRequest): void => {
    if (request.type === "close") closing = true;
    else if (request.type === "scrub") scrubs.push(request.id);
    else waiting.push(...request.items);
  };

  port.on("message", (request: WriterRequest) => {
    take(request);
    while (waiting.length > 0) {
      for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) take(more.message as WriterRequest);
      reply({ type: "answers", answers: write(waiting.splice(0, MAX_BATCH)) });
    }
    for (let id = scrubs.shift(); id !== undefined; id = scrubs.shift()) reply({ type: "answers", answers: [answerScrub(database, id)] });
    if (!closing) return;
    database.close();
    reply({ type: "closed" });
    port.close();
  });
  reply({ type: "ready", migrated, ...(backup !== undefined && { backup }) });
}

function answerScrub(database: DatabaseSync, id: number): Answer {
  try {
    scrub(database);
    return { id, output: undefined };
  } catch (error) {
    return { id, error: toPlainError(toStoreError(error)) };
  }
}

try {
  const options = workerData as WriterOptions;
  serve(openDatabase(options.path, options.now), options);
  setTimeout(collectGarbage, SETTLED_MS).unref();
} catch (error) {
  reply({ type: "refused", error: toPlainError(toStoreError(error)) });
  port.close();
}
