import { Worker } from "node:worker_threads";
import { StoreError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { AnyOperation } from "../operations/operations.ts";
import { fromPlainError, type Answer, type WorkItem, type WriterOptions, type WriterReply } from "./writer-protocol.ts";
import { writerWorkerUrl } from "./writer-worker-url.ts";

interface Waiting {
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

/** The main thread's end of the writer: sends what one tick asked for as one message, and settles each promise when its batch is on disk. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #cap: number;
  readonly #waiting = new Map<number, Waiting>();
  #outgoing: WorkItem[] = [];
  #nextId = 1;
  #state: "open" | "closing" | "closed" = "open";
  #failure: StoreError | undefined;
  #closed = Promise.withResolvers<void>();

  private constructor(worker: Worker, cap: number) {
    this.#worker = worker;
    this.#cap = cap;
  }

  /** Resolves when the database is open and migrated. @throws StoreError as openDatabase. */
  static async start(options: WriterOptions, { queueCap, log }: { queueCap: number; log: Log }): Promise<WriterThread> {
    const worker = new Worker(writerWorkerUrl(), { workerData: options, resourceLimits: { maxYoungGenerationSizeMb: 2 } });
    const thread = new WriterThread(worker, queueCap);
    const ready = Promise.withResolvers<void>();
    worker.on("message", (reply: WriterReply) => {
      if (reply.type === "answers") return thread.#settle(reply.answers);
      if (reply.type === "closed") return thread.#closed.resolve();
      if (reply.type === "refused") return ready.reject(fromPlainError(reply.error));
      // A new database has nothing to migrate.
      if (reply.migrated.from > 0 && reply.migrated.from !== reply.migrated.to)
        log.info("database migrated", { ...reply.migrated, ...(reply.backup && { backup: reply.backup }) });
      ready.resolve();
    });
    worker.on("error", (thrown: unknown) => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      log.error("the database writer failed", { error: error.message });
      thread.#fail(error);
      ready.reject(thread.#failure);
    });
    worker.on("exit", () => {
      thread.#fail(new Error("the writer has ended"));
      ready.reject(thread.#failure);
      thread.#closed.resolve();
    });
    await ready.promise;
    return thread;
  }

  /** @throws StoreError `store_full` at the cap, `store_closed`, `store_failed` and what the operation throws. */
  submit(operation: AnyOperation, input: unknown): Promise<unknown> {
    if (this.#failure !== undefined && this.#state === "open") return Promise.reject(this.#failure);
    if (this.#state !== "open") return Promise.reject(new StoreError("store_closed", `${operation.name} after close`, { hint: "The gateway is stopping." }));
    if (this.#waiting.size >= this.#cap) {
      return Promise.reject(
        new StoreError("store_full", `${this.#waiting.size} operations wait for the disk`, {
          hint: "The disk is too slow for this load; try again.",
          retryAfterMs: 1000,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#outgoing.push({ id, name: operation.name, input });
      if (this.#outgoing.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** Behind everything that was asked for until now. @throws StoreError as an operation does */
  scrub(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined || this.#state !== "open") return reject(this.#failure ?? new StoreError("store_closed", "scrub after close"));
      this.#flush();
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: () => resolve(), reject });
      this.#worker.postMessage({ type: "scrub", id });
    });
  }

  /** Finishes what waits, then ends the thread. */
  async close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closing";
      this.#flush();
      if (this.#failure === undefined) this.#worker.postMessage({ type: "close" });
    }
    await this.#closed.promise;
    this.#state = "closed";
    await this.#worker.terminate();
  }

  #flush(): void {
    const items = this.#outgoing;
    if (items.length === 0) return;
    this.#outgoing = [];
    try {
      this.#worker.postMessage({ type: "work", items });
    } catch (error) {
      // An input that cannot be cloned takes only itself down.
      if (items.length > 1) for (const item of items) this.#resend(item);
      else this.#settle([{ id: items[0]!.id, error: { class: "StoreError", code: "store_failed", message: `cannot be stored: ${String(error)}` } }]);
    }
  }

  #resend(item: WorkItem): void {
    this.#outgoing = [item];
    this.#flush();
  }

  #settle(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ("error" in answer) waiting?.reject(fromPlainError(answer.error));
      else waiting?.resolve(answer.output);
    }
  }

  #fail(cause: Error): void {
    if (this.#state === "closed") return;
    this.#failure ??= new StoreError("store_failed", `the database writer ended: ${cause.message}`, {
      hint: "Restart the gateway; what was accepted is on disk.",
      cause,
    });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}
