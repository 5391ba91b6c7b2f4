/** What a handler is given; the target is all that is read of it. */
export interface DatabaseEvent {
  readonly target: unknown;
  readonly oldVersion?: number;
  readonly newVersion?: number;
}

export type Handler = ((event: DatabaseEvent) => unknown) | null;

/** IDBRequest: one question to a store, answered later by a handler. */
export class Request {
  onsuccess: Handler = null;
  onerror: Handler = null;
  readyState: "pending" | "done" = "pending";
  result: unknown = undefined;
  error: DOMException | null = null;
  /** An IDBTransaction. */
  transaction: object | null;
  readonly source: unknown;

  constructor(transaction: object | null, source: unknown = null) {
    this.transaction = transaction;
    this.source = source;
  }

  succeed(result: unknown): void {
    this.readyState = "done";
    this.result = result;
    this.onsuccess?.({ target: this });
  }

  fail(error: DOMException): void {
    this.readyState = "done";
    this.result = undefined;
    this.error = error;
    this.onerror?.({ target: this });
  }
}

/** IDBOpenDBRequest. */
export class OpenRequest extends Request {
  onupgradeneeded: Handler = null;
  onblocked: Handler = null;
}
