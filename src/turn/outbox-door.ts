/** Hall, before step 4: puts a message that is no turn's answer into the outbox, for the method `send` and the tool `message_send`. */
import type { Address } from "../core/address.ts";
import type { Bus } from "../core/bus.ts";
import type { Channel } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import { RequestError } from "../core/errors.ts";
import type { Message } from "../core/message.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import { createChannels } from "./channels.ts";
import { recipients } from "./notify.ts";

export interface OutboxDoor {
  /** @throws RequestError `channel_not_found`, because nobody would ever send it. */
  check(address: Address): void;
  /** @returns the id of the delivery. @throws RequestError `channel_not_found` */
  send(address: Address, message: Message): Promise<string>;
  /** Where the owner is told things: `[notifications] to`, else their last direct conversation. */
  owner(): Promise<Address[]>;
}

export interface OutboxDoorDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** By `channel:account`; may grow and shrink. */
  readonly accounts: ReadonlyMap<string, Channel>;
  /** Addresses of `[notifications] to`. */
  readonly notifyTo: readonly string[];
  /** Milliseconds after which a message that could not be sent is given up; default one day. */
  readonly deliveryTtlMs?: number;
}

const DELIVERY_TTL_MS = 24 * 3600_000;

export function createOutboxDoor(deps: OutboxDoorDeps): OutboxDoor {
  const channels = createChannels(deps.accounts, deps.bus);
  const check = (address: Address) => {
    if (!channels.get(address.channel, address.account)) throw channelNotFound(address, deps.accounts);
  };
  return {
    check,
    async send(address, message) {
      check(address);
      const now = deps.clock.now();
      const id = newId(deps.clock, deps.random);
      const expiresAt = now + (deps.deliveryTtlMs ?? DELIVERY_TTL_MS);
      await deps.store.enqueueDelivery({ delivery: { id, address, parts: channels.render(address, message), expiresAt }, now });
      channels.wake(address);
      return id;
    },
    owner: () => recipients({ store: deps.store, to: deps.notifyTo, mainAgent: "main" }),
  };
}

function channelNotFound({ channel, account }: Address, accounts: OutboxDoorDeps["accounts"]): RequestError {
  const there = [...accounts.keys()].map((key) => key.replace(/:default$/, ""));
  const name = account === "default" ? channel : `${channel}:${account}`;
  return new RequestError("channel_not_found", `no such channel: ${name}`, { hint: `there are: ${there.join(", ") || "none"}` });
}
