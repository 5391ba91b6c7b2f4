import { createInOrder, type InOrder } from "../in-order/index.ts";
import type { Trying, TryingAccount } from "../keep-trying/index.ts";
import { createAccountBackoff } from "../reconnect/index.ts";

export interface IntakeQueueOptions<T> {
  /** Hands it to the intake. What it throws, `recover` reports. */
  readonly take: (item: T) => Promise<void>;
  /** What could not be handed in is: the account's health may say so, if nothing else is wrong with it. */
  readonly unstuck: () => void;
  /** Items that may wait before `add` does, default 500. */
  readonly room?: number;
}

/**
 * What a channel has heard, handed in one at a time, in order. What is refused is kept and tried again, because nobody says it twice; until it is taken the account is
 * `stuck`, and all that came after it waits.
 */
export function createIntakeQueue<T, A extends TryingAccount & { stuck: boolean }>(
  account: A,
  { channel, signal, recover }: Trying<A>,
  { take, unstuck, ...size }: IntakeQueueOptions<T>,
): InOrder<T> {
  const backoff = createAccountBackoff(account);
  return createInOrder<T>({
    ...size,
    signal,
    async work(item) {
      await take(item);
      backoff.reset();
      if (!account.stuck) return;
      account.stuck = false;
      unstuck();
    },
    async failed(error, failures) {
      account.stuck = true;
      account.deps.log.warn(`${channel} message not taken; trying again`, { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
}
