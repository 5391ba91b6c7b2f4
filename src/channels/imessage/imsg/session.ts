/** One run of `imsg rpc`: JSON-RPC 2.0 over its input and output (its docs/rpc.md). Knows nothing of messages. */
import { sleep } from "../../../core/clock.ts";
import type { Clock } from "../../../core/clock.ts";
import type { OwnersProgram } from "../../../core/programs.ts";
import { WayFailure } from "../way.ts";

export interface Session {
  readonly program: OwnersProgram;
  /** Requests that are not answered yet. */
  readonly open: number;
  /** @throws WayFailure */
  request<T = object>(method: string, params: object, wait: { readonly ms: number; readonly signal?: AbortSignal }): Promise<T>;
  /** Notifications, in order. Throws WayFailure when the program has ended. To be read once. */
  readonly notices: AsyncIterable<Notice>;
}

export interface Notice {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
}

/** What waits to be handed in; more than this the program is started anew for, from the position on record. */
const MAX_WAITING = 5_000;

export function openSession(program: OwnersProgram, clock: Clock): Session {
  const pending = new Map<string, PromiseWithResolvers<unknown>>();
  const waiting: Notice[] = [];
  let news = Promise.withResolvers<void>();
  let over: WayFailure | undefined;
  let count = 0;
  const take = (answer: Answer) => {
    if (typeof answer.method === "string") {
      waiting.push({ method: answer.method, params: (answer.params ?? {}) as Notice["params"] });
      if (waiting.length > MAX_WAITING) void program.stop();
      return news.resolve();
    }
    const asked = pending.get(String(answer.id));
    pending.delete(String(answer.id));
    if (answer.error) asked?.reject(failureOf(answer.error));
    else asked?.resolve(answer.result);
  };
  const pump = async () => {
    for await (const message of program.messages) take(message);
    await program.stop();
    over = new WayFailure("away", `imsg is not there: ${await program.ended}`);
    for (const { reject } of pending.values()) reject(new WayFailure("lost", `imsg ended before it answered: ${await program.ended}`));
    pending.clear();
    news.resolve();
  };
  void pump();
  async function* notices(): AsyncGenerator<Notice, void> {
    for (;;) {
      const notice = waiting.shift();
      if (notice !== undefined) yield notice;
      else if (over !== undefined) throw over;
      else {
        await news.promise;
        news = Promise.withResolvers();
      }
    }
  }
  return {
    program,
    get open() {
      return pending.size;
    },
    async request<T>(method: string, params: object, { ms, signal }: { readonly ms: number; readonly signal?: AbortSignal }) {
      if (over !== undefined) throw over;
      const id = `${++count}`;
      const answer = Promise.withResolvers<unknown>();
      pending.set(id, answer);
      if (!program.send({ jsonrpc: "2.0", id, method, params })) {
        pending.delete(id);
        throw new WayFailure("away", "imsg is not there");
      }
      const stop = new AbortController();
      const late = sleep(clock, ms, signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])).then(() => {
        if (stop.signal.aborted) return undefined;
        throw new WayFailure("lost", `imsg did not answer ${method}${signal?.aborted === true ? "" : ` within ${ms} ms`}`);
      });
      try {
        return (await Promise.race([answer.promise, late])) as T;
      } finally {
        stop.abort();
        pending.delete(id);
      }
    },
    notices: notices(),
  };
}

function failureOf({ code, message, data }: NonNullable<Answer["error"]>): WayFailure {
  const words = [message, data].filter((one) => typeof one === "string").join(": ");
  const told = `imsg answered ${String(code)} ${words.split("\n", 1)[0]!.slice(0, 300)}`;
  if (/Full Disk Access/.test(words)) return new WayFailure("access", told);
  if (code === -32602) return new WayFailure(/unknown chat|missing chat|could not resolve chat/i.test(words) ? "gone" : "refused", told);
  if (code === -32601) return new WayFailure("refused", told);
  // The bridge is there and says so (its IMsgInjected.m).
  if (/(message|chat) not found/i.test(words)) return new WayFailure("gone", told);
  if (/bridge|IMCore|dylib|typing indicator/i.test(words)) return new WayFailure("helper", told);
  // AppleScript may have failed before or after Messages took it.
  return new WayFailure("lost", told);
}
