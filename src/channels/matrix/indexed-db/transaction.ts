import { ObjectStore } from "./object-store.ts";
import type { DatabaseEvent, Handler, Request } from "./requests.ts";
import type { Change, Connection, Mode } from "./state.ts";

/**
 * IDBTransaction: its requests are answered one by one, in order, each in a task of its own; with none left it commits by itself (Indexed Database API 3.0,
 * section 2.7). Always true: `complete` is told only when the changes are on disk, and an aborted one has changed nothing.
 */
export class Transaction {
  oncomplete: Handler = null;
  onabort: Handler = null;
  onerror: Handler = null;
  error: DOMException | null = null;
  readonly mode: Mode;
  readonly db: Connection;
  readonly changes: Change[] = [];
  /** How to take the changes back, newest last. */
  readonly undo: (() => void)[] = [];
  readonly #requests: { readonly request: Request; readonly work: () => unknown }[] = [];
  #state: "waiting" | "active" | "ending" | "ended" = "waiting";
  readonly #ended = Promise.withResolvers<void>();

  constructor(db: Connection, mode: Mode) {
    this.db = db;
    this.mode = mode;
  }

  /** Resolves when it is over, whichever way. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  objectStore(name: string): ObjectStore {
    if (!this.db.state.stores.has(name)) throw new DOMException(`no object store ${name}`, "NotFoundError");
    return new ObjectStore(this, name);
  }

  /** @throws DOMException TransactionInactiveError when it is over. */
  ask(request: Request, work: () => unknown): Request {
    if (this.#state === "ending" || this.#state === "ended") throw new DOMException("the transaction is over", "TransactionInactiveError");
    request.readyState = "pending";
    this.#requests.push({ request, work });
    return request;
  }

  /** Its turn has come: everything before it is over. */
  begin(): void {
    if (this.#state !== "waiting") return;
    this.#state = "active";
    setImmediate(() => this.#step());
  }

  commit(): void {
    // It commits by itself as soon as its requests are answered.
  }

  abort(): void {
    if (this.#state === "ending" || this.#state === "ended") throw new DOMException("the transaction is over", "InvalidStateError");
    this.#abort(null);
  }

  #step(): void {
    if (this.#state !== "active") return;
    const next = this.#requests.shift();
    if (next === undefined) return this.#commit();
    try {
      const result = next.work();
      next.request.succeed(result);
    } catch (error) {
      const refused = error instanceof DOMException ? error : new DOMException(String(error), "UnknownError");
      next.request.fail(refused);
      this.#abort(refused);
    }
    setImmediate(() => this.#step());
  }

  #commit(): void {
    this.#state = "ending";
    if (this.changes.length === 0) return this.#end("complete");
    this.db.persist(this.changes).then(
      () => this.#end("complete"),
      (error: unknown) => {
        this.error = new DOMException(`not stored: ${error instanceof Error ? error.message : String(error)}`, "UnknownError");
        this.#takeBack();
        this.#end("abort");
      },
    );
  }

  #abort(error: DOMException | null): void {
    if (this.#state === "ended") return;
    this.#state = "ending";
    this.error = error;
    this.#takeBack();
    const gone = new DOMException("the transaction was aborted", "AbortError");
    for (const { request } of this.#requests.splice(0)) request.fail(gone);
    setImmediate(() => this.#end("abort"));
  }

  #takeBack(): void {
    for (const back of this.undo.toReversed()) back();
  }

  #end(how: "complete" | "abort"): void {
    this.#state = "ended";
    const event: DatabaseEvent = { target: this };
    if (how === "complete") this.oncomplete?.(event);
    else {
      if (this.error !== null) this.onerror?.(event);
      this.onabort?.(event);
    }
    this.#ended.resolve();
  }
}
