/**
 * The first step of the hall: the daemon's stream of events, held open. Always true: events are handed in one at a time, in order; what the store refuses is kept and
 * tried again, and meanwhile little more is taken from the daemon. The daemon acknowledges to Signal before it writes to us, so QUIRKS.md says what can be lost.
 */
import { sse } from "../../lib/sse/index.ts";
import { createInOrder, type InOrder } from "../../lib/in-order/index.ts";
import { keepConnected, type Trying } from "../../lib/keep-trying/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { alive, recover, type SignalAccount, StreamTrouble } from "./account.ts";
import { admitReceived } from "./admit.ts";
import { SignalFailure } from "./api.ts";
import { ownAci } from "./own-aci.ts";
import type { WireReceive } from "./wire.ts";

/** What is read but not stored dies with this process, so it is little. */
const ROOM = 20;

/** Holds a stream until `signal` aborts. Never rejects; resolves when it is closed and nothing is handed in any more. */
export async function keepStream(account: SignalAccount, signal: AbortSignal): Promise<void> {
  const backoff = createAccountBackoff(account);
  const queue = createInOrder<WireReceive>({
    signal,
    room: ROOM,
    async work(received) {
      await admitReceived(account, received);
      backoff.reset();
      const wasStuck = account.stuck;
      account.stuck = false;
      if (wasStuck || received.exception) alive(account);
    },
    async failed(error, failures) {
      account.stuck = true;
      account.deps.log.warn("signal events not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  await keepConnected(account, { channel: "signal", signal, recover: recoverOrAgain }, async () => {
    if (account.me === undefined) await introduce(account, queue, signal);
    await serve(account, queue, signal);
  });
  await queue.idle();
}

/** A login ends the wait (`again`). */
const recoverOrAgain: Trying<SignalAccount>["recover"] = (account, error, { backoff, signal }) => {
  account.again = new AbortController();
  return recover(account, error, { backoff, signal: AbortSignal.any([signal, account.again.signal]) });
};

/** Who are we? Without our ACI neither a mention nor a quote of us can be recognised, so nothing is received before. */
async function introduce(account: SignalAccount, queue: InOrder<WireReceive>, signal: AbortSignal): Promise<void> {
  const { api, config, health } = account;
  const aci = await ownAci(api, config.number, signal);
  account.me = aci;
  health.identify(aci);
  await warnOfOtherReceivers(account, queue, signal);
}

/**
 * A daemon in receive mode `on-start`, or another program at its stream, takes messages while we are away, and nobody gets them again. `receive` of no message says so
 * without taking one: it is refused while somebody receives.
 */
async function warnOfOtherReceivers({ api, deps }: SignalAccount, queue: InOrder<WireReceive>, signal: AbortSignal): Promise<void> {
  const nothing = { timeout: 0, maxMessages: 0 };
  const ask = async (bare: boolean): Promise<SignalFailure | undefined> => {
    try {
      const taken = await api.call<WireReceive[]>("receive", nothing, { signal, bare });
      for (const received of Array.isArray(taken) ? taken : []) await queue.add(received);
      return undefined;
    } catch (error) {
      if (error instanceof SignalFailure) return error;
      throw error;
    }
  };
  const refused = await ask(false);
  // A daemon of one account (-a) does not know the parameter here (-32600).
  const answer = refused?.code === -32600 ? await ask(true) : refused;
  if (answer?.code === -1 && /already being received/.test(answer.message))
    deps.log.warn(
      "signal: somebody else receives for this account. If the daemon runs without --receive-mode=on-connection, what comes while the gateway is away is lost; an earlier connection of ours may also not be over yet",
    );
}

async function serve(account: SignalAccount, queue: InOrder<WireReceive>, signal: AbortSignal): Promise<void> {
  const body = await account.api.events(signal, account.timing.silentMs);
  alive(account);
  for await (const { event, data } of sse(body, { comments: true })) {
    if (event === "receive") {
      const received = parse(data);
      if (received !== undefined) await queue.add(received);
    }
    // A comment every 15 seconds says that the daemon is there (P7: a quiet account is not a deaf one).
    alive(account);
  }
  if (!signal.aborted) throw new StreamTrouble("the daemon has closed the stream");
}

function parse(data: string): WireReceive | undefined {
  try {
    const received = JSON.parse(data) as unknown;
    return typeof received === "object" && received !== null ? received : undefined;
  } catch {
    return undefined;
  }
}
