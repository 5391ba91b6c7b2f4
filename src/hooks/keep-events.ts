import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { EVENT_DELIVERY, type NewDelivery, type Store } from "../core/store.ts";
import type { HooksConfig } from "./config.ts";
import { HOOKS_CHANNEL, type EventPayload } from "./create-event-sender.ts";

/** One event as the hub has it. */
export interface HeardEvent {
  readonly seq: number;
  readonly name: string;
  readonly session: string | undefined;
  /** The notification as it goes over the wire. */
  readonly json: string;
}

export interface KeepEventsDeps {
  readonly store: Pick<Store, "enqueueDelivery">;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the sender of this account that there is something to send. */
  readonly wake: (account: string) => void;
}

/** How long a receiver may be away before an event is given up. */
const TTL_MS = 24 * 3_600_000;

/**
 * Puts the events that outgoing hooks want into the outbox, in order per session. An event of the instant of a crash may be missing: events are live, never the truth.
 * @returns the listener for the hub; undefined when no hook wants anything.
 */
export function keepEvents(out: HooksConfig["out"], deps: KeepEventsDeps): ((event: HeardEvent) => void) | undefined {
  const wanted = new Map<string, string[]>();
  for (const [account, { enabled, events }] of Object.entries(out)) {
    if (enabled) for (const event of events) wanted.set(event, [...(wanted.get(event) ?? []), account]);
  }
  if (wanted.size === 0) return undefined;
  return ({ seq, name, session, json }) => {
    for (const account of wanted.get(name) ?? []) {
      const { payload } = (JSON.parse(json) as { params: { payload: Record<string, unknown> } }).params;
      // What becomes of an event is none for a hook, or it would never end.
      if (name === "delivery.changed" && String(payload["delivery_id"]).startsWith(EVENT_DELIVERY)) continue;
      const now = deps.clock.now();
      const stored: EventPayload = { type: name, at: now, data: { ...(session !== undefined && { session }), ...payload } };
      const delivery: NewDelivery = {
        id: `${EVENT_DELIVERY}${account}:${seq}`,
        address: { channel: HOOKS_CHANNEL, account, conversation: session ?? "gateway" },
        parts: [{ text: name, payload: stored }],
        expiresAt: now + TTL_MS,
      };
      deps.store.enqueueDelivery({ delivery, now }).then(
        () => deps.wake(account),
        (error: unknown) => deps.log.warn("an event was not kept for a hook", { hook: account, event: name, error: String(error) }),
      );
    }
  };
}
