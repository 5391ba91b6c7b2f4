import { sleep } from "../../core/clock.ts";
import type { GatewayDeps } from "../deps.ts";

/** Writes one piece of an event stream. */
export type Write = (text: string) => void;

const KEEPALIVE_MS = 15_000;
const FIRST_MS = 5_000;

/**
 * An answer as an event stream. It begins with the first thing written, so that what fails before that is an ordinary error with its status;
 * after 5 s it begins anyway, and comments keep it alive. Nobody waits for a reader: pieces are queued, and a reader that has gone cancels `gone`.
 * @param run writes the stream; what it throws before writing is thrown here, later it has to end the stream itself.
 */
export async function sseAnswer(deps: GatewayDeps, gone: AbortController, run: (write: Write) => Promise<void>): Promise<Response> {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let begun = false;
  let closed = false;
  let begin = () => {};
  const first = new Promise<void>((resolve) => (begin = resolve));
  const stream = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel() {
      closed = true;
      gone.abort();
    },
  });
  const write: Write = (text) => {
    begun = true;
    begin();
    if (!closed) controller!.enqueue(encoder.encode(text));
  };
  const done = run(write).then(
    () => {
      if (!closed) controller!.close();
      closed = true;
    },
    (error: unknown) => {
      if (!begun) throw error;
      deps.log.error("a stream failed", { error: String(error) });
      if (!closed) controller!.error(error);
      closed = true;
    },
  );
  const soon = new AbortController();
  try {
    await Promise.race([first, done, sleep(deps.clock, FIRST_MS, AbortSignal.any([gone.signal, soon.signal]))]);
  } finally {
    soon.abort();
  }
  begun = true;
  done.catch((error: unknown) => deps.log.error("a stream failed late", { error: String(error) }));
  void keepAlive();
  return new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no" } });

  async function keepAlive(): Promise<void> {
    const ended = new AbortController();
    done.then(
      () => ended.abort(),
      () => ended.abort(),
    );
    while (!ended.signal.aborted) {
      await sleep(deps.clock, KEEPALIVE_MS, ended.signal);
      if (!closed && !ended.signal.aborted) write(": waiting\n\n");
    }
  }
}
