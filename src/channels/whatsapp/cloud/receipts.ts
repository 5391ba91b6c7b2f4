import type { Clock } from "../../../core/clock.ts";
import { fromStatus } from "./failure.ts";
import type { WireStatus } from "./wire.ts";

/**
 * What becomes of a message is told afterwards, by a status in the webhook: also that it could not be delivered. A status bears the message's id and what we have
 * written into `biz_opaque_callback_data`, our nonce, by which a message is found whose answer was lost.
 */
export interface Receipts {
  /** Takes a status in. @returns whether somebody waited for it */
  told(status: WireStatus): boolean;
  /** The message's id, once a status names the nonce; undefined when none does in time. @throws ChannelError when it says that the message failed */
  find(nonce: string, signal: AbortSignal): Promise<string | undefined>;
  /** Waits whether a message that was taken is sent. Resolves when it is, or when nothing is told in time. @throws ChannelError when it failed */
  settled(nonce: string, signal: AbortSignal): Promise<void>;
  /** Has to be called before the request, for a status may overtake its answer. */
  expect(nonce: string): void;
  forget(nonce: string): void;
}

interface Waiting {
  status: WireStatus | undefined;
  readonly arrived: PromiseWithResolvers<void>;
}

const MAX_WAITING = 1_000;

export function createReceipts(clock: Clock, { statusMs, doubtMs }: { readonly statusMs: number; readonly doubtMs: number }): Receipts {
  const waiting = new Map<string, Waiting>();
  /** Statuses arrive at all: without them each send would wait in vain. */
  let heard = false;
  const wait = async (nonce: string, ms: number, signal: AbortSignal): Promise<WireStatus | undefined> => {
    const one = waiting.get(nonce);
    if (one === undefined || one.status !== undefined || signal.aborted) return one?.status;
    const late = Promise.withResolvers<void>();
    const cancel = clock.timer(ms, late.resolve);
    signal.addEventListener("abort", () => late.resolve(), { once: true });
    await Promise.race([one.arrived.promise, late.promise]);
    cancel();
    return one.status;
  };
  const checked = (status: WireStatus | undefined): WireStatus | undefined => {
    if (status?.status === "failed") throw fromStatus(status.errors?.[0]);
    return status;
  };
  return {
    told(status) {
      heard = true;
      const one = waiting.get(status.biz_opaque_callback_data ?? "");
      if (one === undefined) return false;
      // The first one decides: `read` after `sent` tells nothing new.
      one.status ??= status;
      one.arrived.resolve();
      return true;
    },
    async find(nonce, signal) {
      return checked(await wait(nonce, doubtMs, signal))?.id;
    },
    async settled(nonce, signal) {
      checked(heard ? await wait(nonce, statusMs, signal) : waiting.get(nonce)?.status);
    },
    expect(nonce) {
      waiting.set(nonce, { status: undefined, arrived: Promise.withResolvers() });
      if (waiting.size > MAX_WAITING) waiting.delete(waiting.keys().next().value!);
    },
    forget: (nonce) => void waiting.delete(nonce),
  };
}
