/** Notices to the owner: on the page always, and to the addresses of `[notifications]`, else to the owner's last direct conversation. */
import { formatAddress, parseAddress, type Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import { textMessage } from "../core/message.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import { mainKey } from "../sessions/session-key.ts";
import type { Channels } from "./channels.ts";

/** @param about where it happened: that place was told already, or is the one that cannot be reached. Returns at once, never throws. */
export type Notify = (code: string, text: string, about?: Address) => void;

export interface NotifyDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly channels: Channels;
  /** Addresses of `[notifications] to`. */
  readonly to: readonly string[];
  readonly mainAgent: string;
}

const NOTICE_TTL_MS = 24 * 3600_000;
/** More of one kind within this time only count on the page. */
const SAME_CODE_MS = 60_000;

export function createNotify(deps: NotifyDeps): Notify {
  const last = new Map<string, number>();
  return (code, text, about) => {
    deps.hub.publish({ event: "notice", payload: { code, text } });
    const now = deps.clock.now();
    if (now - (last.get(code) ?? -SAME_CODE_MS) < SAME_CODE_MS) return;
    last.set(code, now);
    send(text, about, deps).catch((thrown: unknown) => deps.log.warn("notice not stored", { code, error: String(thrown) }));
  };
}

async function send(text: string, about: Address | undefined, deps: NotifyDeps): Promise<void> {
  for (const address of await recipients(deps)) {
    if (!deps.channels.delivers(address) || (about && formatAddress(about) === formatAddress(address))) continue;
    const now = deps.clock.now();
    const parts = deps.channels.render(address, textMessage(text));
    await deps.store.enqueueDelivery({ delivery: { id: newId(deps.clock, deps.random), address, parts, expiresAt: now + NOTICE_TTL_MS }, now });
    deps.channels.wake(address);
  }
}

/** Where the owner is told things that did not come from their own chat. */
export async function recipients(deps: Pick<NotifyDeps, "store" | "to" | "mainAgent">): Promise<Address[]> {
  if (deps.to.length > 0) return deps.to.map(parseAddress);
  const main = await deps.store.getSession({ key: mainKey(deps.mainAgent) });
  return main?.address ? [main.address] : [];
}
