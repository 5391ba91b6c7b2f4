import { RequestError } from "../core/errors.ts";
import type { Channel, ChannelStatus } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Metrics } from "../core/metrics.ts";

/** Starts and stops the channel accounts of this process, and tells what became of them. */
export interface ChannelSupervisor {
  readonly accounts: ReadonlyMap<string, Channel>;
  /** Begins to hold every account; `hold` receives and sends until its signal aborts. */
  start(hold: (channel: Channel, signal: AbortSignal) => Promise<void>): void;
  /** `login`: it is linked from a phone. */
  list(): { channel: string; account: string; status: ChannelStatus; login: boolean }[];
  /** @throws RequestError `channel_not_found` */
  connect(channel: string, account?: string): Promise<void>;
  /** Stops receiving and sending; what is in the outbox stays there. @throws RequestError `channel_not_found` */
  disconnect(channel: string, account?: string): Promise<void>;
  /** Puts another channel in the place of an account, or takes it out; the account goes on as it was, running or stopped by hand. */
  replace(key: string, channel: Channel | undefined): Promise<void>;
  stop(): Promise<void>;
}

/** How often states are looked at for events and metrics, milliseconds. */
const WATCH_MS = 2_000;

export function createChannelSupervisor(channels: readonly Channel[], deps: { clock: Clock; hub: Hub; metrics: Metrics }): ChannelSupervisor {
  const accounts = new Map(channels.map((channel) => [`${channel.name}:${channel.account}`, channel]));
  const held = new Map<string, { controller: AbortController; done: Promise<void> }>();
  const seen = new Map<string, string>();
  let hold: ((channel: Channel, signal: AbortSignal) => Promise<void>) | undefined;
  let cancelWatch = () => {};

  const find = (name: string, account: string | undefined): string[] => {
    const keys = [...accounts.keys()].filter((key) => key === `${name}:${account ?? key.slice(name.length + 1)}`);
    if (keys.length > 0) return keys;
    const what = account === undefined ? name : `${name}:${account}`;
    throw new RequestError("channel_not_found", `no such channel: ${what}`, { hint: `configured are: ${[...accounts.keys()].join(", ") || "none"}` });
  };
  const begin = (key: string) => {
    if (held.has(key) || !hold) return;
    const controller = new AbortController();
    held.set(key, { controller, done: hold(accounts.get(key)!, controller.signal) });
  };
  const end = async (key: string) => {
    const one = held.get(key);
    if (!one) return;
    one.controller.abort();
    await one.done;
    held.delete(key);
  };
  const status = (key: string): ChannelStatus => (held.has(key) ? accounts.get(key)!.status() : { state: "stopped" });
  const watch = () => {
    for (const [key, channel] of accounts) {
      const now = status(key);
      const text = JSON.stringify([now.state, now.detail]);
      deps.metrics.gauge("channel_ready", now.state === "ready" ? 1 : 0, { channel: channel.name, account: channel.account });
      if (seen.get(key) === text) continue;
      seen.set(key, text);
      deps.hub.publish({ event: "channel.changed", payload: { channel: channel.name, account: channel.account, state: now.state, detail: now.detail } });
    }
    cancelWatch = deps.clock.timer(WATCH_MS, watch);
  };

  return {
    accounts,
    start(holder) {
      hold = holder;
      for (const key of accounts.keys()) begin(key);
      watch();
    },
    list: () =>
      [...accounts].map(([key, channel]) => ({
        channel: channel.name,
        account: channel.account,
        status: status(key),
        login: channel.login !== undefined,
      })),
    async connect(name, account) {
      for (const key of find(name, account)) begin(key);
    },
    async disconnect(name, account) {
      await Promise.all(find(name, account).map(end));
    },
    async replace(key, channel) {
      const stopped = accounts.has(key) && hold !== undefined && !held.has(key);
      await end(key);
      seen.delete(key);
      if (channel === undefined) accounts.delete(key);
      else {
        accounts.set(key, channel);
        if (!stopped) begin(key);
      }
    },
    async stop() {
      cancelWatch();
      await Promise.all([...held.keys()].map(end));
    },
  };
}
