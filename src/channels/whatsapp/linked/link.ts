import { type Clock, deadline } from "../../../core/clock.ts";
import type { Program } from "../../../core/programs.ts";
import { ChannelError } from "../../../core/errors.ts";
import { failureOf } from "./failure.ts";
import type { CallMethod, FromChild, ToChild } from "./protocol.ts";

/** The child as the adapter asks it. */
export interface Link {
  /** @throws ChannelError. A call whose child ends is in doubt if it would have sent something. */
  call<T>(method: CallMethod, params: Readonly<Record<string, unknown>>, options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<T>;
  tell(order: ToChild): void;
  answer(message: Extract<FromChild, { type: "answer" }>): void;
  /** Nothing will be answered any more. */
  fail(): void;
}

interface Pending {
  readonly method: CallMethod;
  settle(how: () => void): void;
  resolve(value: unknown): void;
  reject(error: ChannelError): void;
}

/** What may be done again without anybody seeing it twice. */
const REPEATABLE: ReadonlySet<CallMethod> = new Set(["edit", "delete", "react", "typing", "read", "download", "alive", "logout"]);

export function createLink(child: Program, { clock, callMs, ackMs }: { readonly clock: Clock; readonly callMs: number; readonly ackMs: number }): Link {
  const pending = new Map<number, Pending>();
  let last = 0;
  let over = false;
  const lost = (method: CallMethod, what: string) =>
    new ChannelError("whatsapp_disconnected", `${what} before WhatsApp had taken it (${method})`, REPEATABLE.has(method) ? "retry" : "unknown");
  return {
    call<T>(method: CallMethod, params: Readonly<Record<string, unknown>>, { signal, timeoutMs = callMs }: { signal?: AbortSignal; timeoutMs?: number } = {}) {
      if (over || signal?.aborted === true) return Promise.reject(failureOf({ kind: "away", message: "there is no connection to WhatsApp" }));
      const id = ++last;
      return new Promise<T>((resolve, reject) => {
        const settle = (how: () => void) => {
          cancel();
          signal?.removeEventListener("abort", abort);
          pending.delete(id);
          how();
        };
        const abort = () => settle(() => reject(lost(method, "it was stopped")));
        const cancel = deadline(clock, timeoutMs, () => settle(() => reject(lost(method, "no answer came"))));
        signal?.addEventListener("abort", abort, { once: true });
        pending.set(id, { method, settle, resolve: (value) => resolve(value as T), reject });
        child.send({ type: "call", id, method, params: { ...params, ack_ms: ackMs } } satisfies ToChild);
      });
    },
    tell: (order) => child.send(order),
    answer({ id, result, error }) {
      const one = pending.get(id);
      one?.settle(() => (error === undefined ? one.resolve(result) : one.reject(failureOf(error))));
    },
    fail() {
      over = true;
      for (const one of pending.values()) one.settle(() => one.reject(lost(one.method, "the child ended")));
    },
  };
}
