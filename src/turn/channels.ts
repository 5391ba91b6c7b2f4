import type { Address } from "../core/address.ts";
import type { Bus } from "../core/bus.ts";
import type { Channel, RenderedPart } from "../core/channel.ts";
import { messageText, type Message } from "../core/message.ts";

/** The channel accounts of this process, as the hall sees them. */
export interface Channels {
  get(channel: string, account: string): Channel | undefined;
  /** False for our own clients (`web`): their history is the delivery. */
  delivers(address: Address): boolean;
  render(address: Address, message: Message): RenderedPart[];
  /** There is something in the outbox for this account. */
  wake(address: Pick<Address, "channel" | "account">): void;
}

/** @param accounts by `channel:account`; may grow and shrink while the process runs. */
export function createChannels(accounts: ReadonlyMap<string, Channel>, bus: Bus): Channels {
  const get = (channel: string, account: string) => accounts.get(`${channel}:${account}`);
  return {
    get,
    delivers: (address) => address.channel !== "web",
    render(address, message) {
      const channel = get(address.channel, address.account);
      return channel ? channel.render(message) : [{ text: messageText(message), payload: null }];
    },
    wake: (address) => bus.publish("outbox", `${address.channel}:${address.account}`),
  };
}
