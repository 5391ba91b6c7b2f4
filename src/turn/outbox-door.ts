/** Hall, before step 4: puts a message that is no turn's answer into the outbox, for the method `send` and the tool `message_send`. */
import { formatAddress, type Address } from "../core/address.ts";
import type { Bus } from "../core/bus.ts";
import type { Channel } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import { RequestError } from "../core/errors.ts";
import type { Hub } from "../core/event.ts";
import type { Label } from "../core/label.ts";
import { messageText, type Message } from "../core/message.ts";
import { newId, type Random } from "../core/random.ts";
import type { Session } from "../core/records.ts";
import type { DeliveryNote, Store } from "../core/store.ts";
import { estimateEntry } from "../agent/tokens.ts";
import { mainKey } from "../sessions/session-key.ts";
import { createChannels } from "./channels.ts";
import { recipients } from "./notify.ts";

/** The conversation that has a message sent, and what it rests on. */
export interface Origin {
  readonly sessionId: string;
  readonly label: Label;
}

export interface OutboxDoor {
  /** @throws RequestError `channel_not_found`, `session_not_found`: nobody would ever send or show it. */
  check(address: Address): Promise<void>;
  /**
   * @param origin set when it was a conversation: then the one that gets the message learns what was said there in the assistant's name. Only so can it be one of the page.
   * @returns the id of the delivery.
   * @throws RequestError `channel_not_found`, `session_not_found`
   */
  send(address: Address, message: Message, origin?: Origin): Promise<string>;
  /** Whether messages there may carry buttons. */
  buttons(address: Address): boolean;
  /** Where the owner is told things: `[notifications] to`, else their last direct conversation. */
  owner(): Promise<Address[]>;
}

export interface OutboxDoorDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly hub: Hub;
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
const MAIN_AGENT = "main";

export function createOutboxDoor(deps: OutboxDoorDeps): OutboxDoor {
  const channels = createChannels(deps.accounts, deps.bus);
  const check = async (address: Address) => {
    if (channels.delivers(address)) {
      if (!channels.get(address.channel, address.account)) throw channelNotFound(address, deps.accounts);
    } else if ((await deps.store.getSession({ key: address.conversation })) === undefined) throw sessionNotFound(address);
  };
  return {
    check,
    async send(address, message, origin) {
      const delivers = channels.delivers(address);
      if (!delivers && origin === undefined) throw channelNotFound(address, deps.accounts);
      await check(address);
      const now = deps.clock.now();
      const id = newId(deps.clock, deps.random);
      const expiresAt = now + (deps.deliveryTtlMs ?? DELIVERY_TTL_MS);
      // On the page the history is the delivery.
      const parts = delivers ? channels.render(address, message) : [];
      const note = origin && (await noteOf(address, messageText(message), origin, deps));
      await deps.store.enqueueDelivery({ delivery: { id, address, parts, expiresAt }, ...(note && { note }), now });
      if (note?.session !== undefined)
        deps.hub.publish({ event: "session.changed", session: note.session, payload: { key: note.session, change: "appended" } });
      if (delivers) channels.wake(address);
      return id;
    },
    buttons: ({ channel, account }) => channels.get(channel, account)?.capabilities.buttons === true,
    owner: () => recipients({ store: deps.store, to: deps.notifyTo, mainAgent: MAIN_AGENT }),
  };
}

/**
 * What the conversation learns: the words that were sent, and nothing of where they come from but who may have had a hand in them. Its own readers have read them, so they
 * are no more private than what is said there.
 */
async function noteOf(address: Address, text: string, { sessionId, label }: Origin, { store }: OutboxDoorDeps): Promise<DeliveryNote | undefined> {
  const page = address.channel === "web";
  const session = await store.getSession({ key: page ? address.conversation : mainKey(MAIN_AGENT) });
  const told = session !== undefined && (page || isAt(session, address)) ? session : undefined;
  // It knows: the call is in its own transcript.
  if (told?.id === sessionId) return undefined;
  const content = { role: "system" as const, text: `Sent here in your name, from another conversation:\n${text.replace(/^/gm, "> ")}` };
  const { channel, account, conversation } = address;
  return {
    text: content.text,
    principal: { person: "system", class: "system", where: address, direct: false },
    label: { integrity: label.integrity, confidentiality: page ? "PRIVATE" : `CONVERSATION:${channel}:${account}:${conversation}` },
    tokens: estimateEntry(content),
    ...(told && { session: told.key }),
  };
}

function isAt({ address }: Session, place: Address): boolean {
  return address !== undefined && formatAddress(address) === formatAddress(place);
}

function channelNotFound({ channel, account }: Address, accounts: OutboxDoorDeps["accounts"]): RequestError {
  const there = [...accounts.keys()].map((key) => key.replace(/:default$/, ""));
  const name = account === "default" ? channel : `${channel}:${account}`;
  return new RequestError("channel_not_found", `no such channel: ${name}`, { hint: `there are: ${there.join(", ") || "none"}` });
}

function sessionNotFound({ conversation }: Address): RequestError {
  return new RequestError("session_not_found", `the page has no conversation ${JSON.stringify(conversation)}`, {
    hint: 'session_list names those there are; write web:default:KEY with the key percent-encoded, or "owner"',
  });
}
