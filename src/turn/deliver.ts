/**
 * Hall, step 4: deliver. One loop per channel account sends what stands in the outbox, in order per conversation.
 * What must stay true: `sending` is committed before the socket write and the receipt after it (P2); a part that may have been delivered is never sent again blindly: it becomes
 * `unknown` and the owner is told; `failed` and `unknown` do not hold up what comes after, a retry-after does.
 */
import { deadline, sleep, type Clock } from "../core/clock.ts";
import { ChannelError, StoreError, toClankerError } from "../core/errors.ts";
import type { Bus } from "../core/bus.ts";
import type { Channel } from "../core/channel.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Random } from "../core/random.ts";
import type { Delivery, DeliveryPart, Fence } from "../core/records.ts";
import type { Store } from "../core/store.ts";
import type { Notify } from "./notify.ts";

export interface DeliverDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly notify: Notify;
}

/** A lost wake-up costs at most this. */
const LOOK_MS = 5_000;
/** Conversations served at once. */
const BATCH = 16;
/** Longest one send may take. */
const SEND_MS = 60_000;
/** Longest a send under way holds up a stop (fault-75). */
const STOP_SEND_MS = 3_000;
/** A settlement that the store refuses is tried again this soon. */
const SETTLE_MS = { first: 500, most: 10_000 };
/** A platform that is away is asked again this soon, so that held messages go out within 5 s of its return (fault-25). */
const RETRY_MS = { first: 500, most: 4_000 };

/** Sends until `signal` aborts or the account's lease is lost. Rejects only with StoreError `lease_lost`. */
export async function deliverLoop(channel: Channel, fence: Fence, deps: DeliverDeps, signal: AbortSignal): Promise<void> {
  const account = { channel: channel.name, account: channel.account };
  const recovered = await deps.store.recoverDeliveries({ fence, ...account, resend: channel.capabilities.idempotentSend, now: deps.clock.now() });
  for (const delivery of recovered) report(delivery, channel, deps, "a send was interrupted");
  let wake = () => {};
  let woken = false;
  const unsubscribe = deps.bus.subscribe("outbox", (payload) => {
    if (payload !== `${channel.name}:${channel.account}`) return;
    woken = true;
    wake();
  });
  try {
    while (!signal.aborted) {
      woken = false;
      const pause = await deliverDue(channel, fence, deps, signal);
      if (pause === 0 || woken) continue;
      await new Promise<void>((resolve) => {
        const timer = new AbortController();
        wake = () => timer.abort();
        signal.addEventListener("abort", wake, { once: true });
        void sleep(deps.clock, pause, timer.signal).then(() => {
          signal.removeEventListener("abort", wake);
          resolve();
        });
        if (signal.aborted || woken) timer.abort();
      });
    }
  } finally {
    unsubscribe();
  }
}

/** @returns milliseconds until there may be something to do. */
async function deliverDue(channel: Channel, fence: Fence, deps: DeliverDeps, signal: AbortSignal): Promise<number> {
  const account = { channel: channel.name, account: channel.account, now: deps.clock.now() };
  try {
    // Looked for before: a commit at every look would cost the disk more than all that is sent.
    const { delivery: expiry } = await deps.store.nextExpiry({});
    if (expiry !== undefined && expiry <= account.now)
      for (const delivery of await deps.store.expireDeliveries({ now: account.now })) report(delivery, channel, deps, "it could not be sent in time");
    const due = await deps.store.dueDeliveries({ ...account, limit: BATCH });
    if (due.length > 0) {
      await Promise.all(due.map((delivery) => sendDelivery(delivery, channel, fence, deps, signal)));
      return 0;
    }
    const next = await deps.store.nextDelivery(account);
    return next === undefined ? LOOK_MS : Math.max(1, Math.min(LOOK_MS, next - deps.clock.now()));
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === "lease_lost") throw thrown;
    deps.log.warn("the outbox could not be read or written; trying again", { ...account, error: String(thrown) });
    return 1_000;
  }
}

async function sendDelivery(delivery: Delivery, channel: Channel, fence: Fence, deps: DeliverDeps, signal: AbortSignal): Promise<void> {
  let doomed: string | undefined;
  for (const part of delivery.parts) {
    if (part.status !== "queued") continue;
    if (signal.aborted) return;
    const now = deps.clock.now();
    if (doomed !== undefined) {
      // The conversation refuses us for good: the rest would only be refused too.
      const { delivery: status } = await deps.store.settlePart({ fence, deliveryId: delivery.id, part: part.number, status: "failed", error: doomed, now });
      changed(delivery, status, channel, deps, doomed);
      continue;
    }
    if (part.notBefore > now) return;
    await deps.store.markSending({ fence, deliveryId: delivery.id, part: part.number, now });
    const failure = await sendPart(delivery, part, channel, fence, deps, signal);
    if (failure?.failure === "retry") return;
    if (failure?.failure === "permanent") doomed = failure.message;
  }
}

/** Sends or finally edits one part and settles it. @returns the failure, if it was one. */
async function sendPart(
  delivery: Delivery,
  part: DeliveryPart,
  channel: Channel,
  fence: Fence,
  deps: DeliverDeps,
  stop: AbortSignal,
): Promise<ChannelError | undefined> {
  const settle = (status: Settled, more: { receipt?: DeliveryPart["receipt"]; error?: string; notBefore?: number }) =>
    settleSurely({ fence, deliveryId: delivery.id, part: part.number, status, now: deps.clock.now(), ...withoutUndefined(more) }, deps, stop);
  const timeout = new AbortController();
  const cancels = [deadline(deps.clock, SEND_MS, () => timeout.abort())];
  const hurry = () => void cancels.push(deps.clock.timer(STOP_SEND_MS, () => timeout.abort()));
  stop.addEventListener("abort", hurry, { once: true });
  if (stop.aborted) hurry();
  const target = {
    address: delivery.address,
    nonce: `${delivery.id}.${part.number}`,
    signal: timeout.signal,
    ...(part.attempts > 0 && { triedSince: delivery.createdAt }),
    ...(delivery.replyTo !== undefined && part.number === 0 && { replyTo: delivery.replyTo }),
  };
  try {
    let receipt = part.receipt;
    if (receipt && channel.edit) await channel.edit(receipt, part.rendered, target);
    else receipt = await channel.send(part.rendered, target);
    const { delivery: status } = await settle("sent", { receipt });
    changed(delivery, status, channel, deps);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    const error = asChannelError(thrown, part);
    if (error.failure === "retry" && !stop.aborted)
      deps.log.info("send failed, will be tried again", { channel: channel.name, code: error.code, error: error.message });
    const state = error.failure === "retry" ? "queued" : error.failure === "permanent" ? "failed" : "unknown";
    const notBefore = error.failure === "retry" ? Math.ceil(deps.clock.now() + pause(error, part, deps)) : undefined;
    const { delivery: status } = await settle(state, { error: error.message, notBefore });
    changed(delivery, status, channel, deps, error.message);
    return error;
  } finally {
    stop.removeEventListener("abort", hurry);
    for (const cancel of cancels) cancel();
  }
}

type Settled = "sent" | "failed" | "unknown" | "queued";

/**
 * What the platform said is known here alone: left unrecorded, the part would stand as `sending` and hold up its conversation until the next start. So it is recorded as
 * soon as the store takes it, until a stop; after that the next holder finds the part in doubt (fault-30).
 */
async function settleSurely(settlement: Parameters<Store["settlePart"]>[0], deps: DeliverDeps, stop: AbortSignal): ReturnType<Store["settlePart"]> {
  for (let pause = SETTLE_MS.first; ; pause = Math.min(SETTLE_MS.most, 2 * pause)) {
    try {
      return await deps.store.settlePart(settlement);
    } catch (thrown) {
      if (stop.aborted || isFinal(thrown)) throw thrown;
      deps.log.warn("the outcome of a send could not be stored; trying again", { delivery: settlement.deliveryId, error: String(thrown) });
      await sleep(deps.clock, pause, stop);
    }
  }
}

/** The store's answer would be the same again. */
function isFinal(thrown: unknown): boolean {
  return thrown instanceof StoreError && ["lease_lost", "part_settled", "no_delivery", "store_closed"].includes(thrown.code);
}

/** A foreign error from an adapter: for a final edit it may be repeated, for a send nobody knows. */
function asChannelError(thrown: unknown, part: DeliveryPart): ChannelError {
  if (thrown instanceof ChannelError) return thrown;
  const error = toClankerError(thrown);
  return new ChannelError(error.code, error.message, part.receipt ? "retry" : "unknown", { cause: thrown });
}

function pause(error: ChannelError, part: DeliveryPart, { random }: DeliverDeps): number {
  if (error.retryAfterMs !== undefined) return error.retryAfterMs;
  return Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(part.attempts, 10)) * (0.75 + 0.25 * random.number());
}

function changed(delivery: Delivery, status: Delivery["status"], channel: Channel, deps: DeliverDeps, error?: string): void {
  if (status === "open") return;
  report({ ...delivery, status }, channel, deps, error);
}

/** Events, metrics, and a notice when an answer did not arrive or may not have. */
function report(delivery: Delivery, channel: Channel, deps: DeliverDeps, error?: string): void {
  const { id, status, turnId } = delivery;
  deps.metrics.count("deliveries", { channel: channel.name, state: status });
  deps.hub.publish({ event: "delivery.changed", payload: { delivery_id: id, state: status, ...(error !== undefined && { error }) } });
  // Only answers of turns are worth a notice: a notice about a notice would never end.
  if (turnId === undefined || (status !== "failed" && status !== "unknown")) return;
  const text =
    status === "failed"
      ? `An answer on ${channel.name} could not be delivered: ${error ?? "unknown cause"}.`
      : `An answer on ${channel.name} may or may not have arrived (${error ?? "interrupted"}). It is not sent again by itself.`;
  deps.notify(`delivery_${status}`, text, delivery.address);
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
