import type { HubRecord } from "../hub/event-ring.ts";
import type { ClientSocket } from "./client-socket.ts";
import type { SharedSubscription, Subscription } from "./method-connection.ts";

/** What sockets have subscribed to, each combination once: ten thousand of them mostly ask for the same, and most events concern none of them. */
export interface Subscriptions {
  /** Replaces what the socket has subscribed to; undefined = nothing. */
  change(socket: ClientSocket, subscription: Subscription | undefined): void;
  /** Whether any socket would get it. */
  wanted(record: HubRecord): boolean;
}

export function createSubscriptions(): Subscriptions {
  const shared = new Map<string, SharedSubscription>();
  return {
    change(socket, subscription) {
      const before = socket.subscription;
      socket.subscription = undefined;
      if (before !== undefined && --before.users === 0) shared.delete(before.key);
      if (subscription === undefined) return;
      const key = JSON.stringify([names(subscription.events), names(subscription.sessions)]);
      const same = shared.get(key) ?? { ...subscription, key, users: 0 };
      shared.set(key, same);
      same.users += 1;
      socket.subscription = same;
    },
    wanted(record) {
      for (const subscription of shared.values()) if (wants(subscription, record)) return true;
      return false;
    },
  };
}

export function wants({ events, sessions }: Subscription, record: HubRecord): boolean {
  return (events === undefined || events.has(record.name)) && (sessions === undefined || record.session === undefined || sessions.has(record.session));
}

function names(set: ReadonlySet<string> | undefined): readonly string[] | null {
  return set === undefined ? null : [...set].toSorted();
}
