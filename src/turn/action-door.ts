/**
 * Beside the hall: what the tool `message_action` reaches. Finds the message of the platform that a call means, and lets the account act on it. What must stay true: nothing
 * is done outside the conversation that was asked about, whatever message a call names; and never to a question to the owner: what it says is the exact plan (sec-57).
 */
import { formatAddress, sameConversation, type Address } from "../core/address.ts";
import type { Channel, ChannelActions } from "../core/channel.ts";
import { ToolError } from "../core/errors.ts";
import { messageText } from "../core/message.ts";
import type { Delivery, InboxItem } from "../core/records.ts";
import type { Store } from "../core/store.ts";
import type { Update } from "../core/update.ts";
import { isAskDelivery } from "./show-approval.ts";

/** How a call names a message; all of it left out: the one that the turn answers. */
export interface MessageName {
  /**
   * The number shown with it, the id of a delivery, `quoted`: the one that the answered message answers itself, or `id:` and an id of the platform that an earlier call was told
   * (of a poll). Numbers are short and mean the same on every platform; its own ids would cost up to fifteen tokens for each message of a prompt.
   */
  readonly message?: string | undefined;
  /** The assistant's answer to it; without `message` its newest one here. */
  readonly own?: boolean | undefined;
}

export interface FoundMessage {
  /** Where it stands, with its thread. */
  readonly address: Address;
  /** Platform ids, first to last: an answer may have gone out in several messages. Never empty. */
  readonly messageIds: readonly string[];
  /** How it reads, as far as that is known. */
  readonly text: string;
}

export interface ActionDoor {
  /** What the account of this place can do there; undefined: nothing, or there is no such account. */
  at(place: Address): ChannelActions | undefined;
  /** @param place where it has to stand. @throws ToolError `no_such_message`, `message_elsewhere` */
  find(name: MessageName, by: { readonly sessionId: string; readonly turnId: string; readonly place: Address }): Promise<FoundMessage>;
}

export interface ActionDoorDeps {
  readonly store: Pick<Store, "getDelivery" | "getInboxItem" | "listDeliveries" | "listInbox" | "readEntries">;
  /** By `channel:account`; may grow and shrink. */
  readonly accounts: ReadonlyMap<string, Channel>;
}

/** Rows of a session that are looked through for the message that a turn answers, and for the newest answer. */
const LOOK_BACK = 100;

export function createActionDoor({ store, accounts }: ActionDoorDeps): ActionDoor {
  return {
    at: ({ channel, account }) => accounts.get(`${channel}:${account}`)?.actions,
    async find(name, by) {
      const found = await lookUp(name, by, store);
      if (sameConversation(found.address, by.place)) return found;
      throw new ToolError("message_elsewhere", `that message is not at ${formatAddress(by.place)}`, {
        hint: "name its conversation with `to`, or a message of this one",
      });
    },
  };
}

type By = { readonly sessionId: string; readonly turnId: string; readonly place: Address };

async function lookUp({ message, own }: MessageName, by: By, store: ActionDoorDeps["store"]): Promise<FoundMessage> {
  if (message === undefined) return own === true ? await newestAnswer(by, store) : asPosted((await answered(by, store)).update);
  if (message === "quoted") return await quoted(by, store);
  if (message.startsWith("id:")) return await told(message, by, store);
  const number = /^#?(\d{1,9})$/.exec(message)?.[1];
  if (number !== undefined) return await numbered(Number(number), own === true, by, store);
  const delivery = await store.getDelivery({ id: message });
  if (delivery === undefined) throw unknown(`no message or delivery ${JSON.stringify(message)} is known here`);
  return sent(delivery);
}

/** The newest message that the turn answers: of several that joined it, the last. */
async function answered({ sessionId, turnId }: By, store: ActionDoorDeps["store"]): Promise<InboxItem> {
  const items = await store.listInbox({ sessionId, limit: LOOK_BACK });
  const item = items.findLast(({ turnId: of, update }) => of === turnId && (update.type === "message" || update.type === "press"));
  if (item === undefined) throw unknown("the message that is answered is not known any more");
  return item;
}

async function quoted(by: By, store: ActionDoorDeps["store"]): Promise<FoundMessage> {
  const { update } = await answered(by, store);
  const { replyTo, quote } = update.type === "message" ? update.message : {};
  if (replyTo === undefined) throw unknown("the message that you answer quotes none");
  const { channel, account, conversation } = update.address;
  const deliveries = await store.listDeliveries({ channel, account, conversation, statuses: ["sent"], limit: LOOK_BACK });
  const own = deliveries.find(({ parts }) => parts.some(({ receipt }) => receipt?.messageId === replyTo));
  if (own !== undefined && isAskDelivery(own)) throw asksTheOwner();
  return { address: update.address, messageIds: [replyTo], text: quote?.text ?? "" };
}

/** Only what a call of this conversation was told: any other id of the platform could be that of a question to the owner. */
async function told(name: string, { sessionId, place }: By, store: ActionDoorDeps["store"]): Promise<FoundMessage> {
  const entries = await store.readEntries({ sessionId, before: Number.MAX_SAFE_INTEGER, limit: LOOK_BACK });
  const known = entries.some(({ content }) => content.role === "tool" && !content.error && content.text.includes(`(message ${name})`));
  if (!known) throw unknown(`no call here was told of ${name}`);
  return { address: place, messageIds: [name.slice("id:".length)], text: "" };
}

async function numbered(number: number, own: boolean, by: By, store: ActionDoorDeps["store"]): Promise<FoundMessage> {
  const [entry] = await store.readEntries({ sessionId: by.sessionId, after: number - 1, limit: 1 });
  if (entry?.number !== number || entry.content.role !== "user" || entry.messageId === undefined) throw unknown(`no message here has the number ${number}`);
  if (own) {
    const deliveries = entry.turnId === undefined ? [] : await store.listDeliveries({ turnId: entry.turnId, statuses: ["sent"], limit: LOOK_BACK });
    const delivery = deliveries.find((one) => isAnswer(one, by.place));
    if (delivery === undefined) throw unknown(`no answer to message ${number} has been sent here`);
    return sent(delivery);
  }
  const item = await store.getInboxItem({ id: entry.messageId });
  if (item === undefined) throw unknown(`message ${number} is not kept any more`);
  return asPosted(item.update);
}

async function newestAnswer({ sessionId, place }: By, store: ActionDoorDeps["store"]): Promise<FoundMessage> {
  const deliveries = await store.listDeliveries({ sessionId, statuses: ["sent"], limit: LOOK_BACK });
  const delivery = deliveries.find((one) => one.turnId !== undefined && isAnswer(one, place));
  if (delivery === undefined) throw unknown("you have sent no answer here yet");
  return sent(delivery);
}

function asPosted(update: Update): FoundMessage {
  if (!("messageId" in update)) throw unknown("that is no message");
  return { address: update.address, messageIds: [update.messageId], text: update.type === "message" ? messageText(update.message) : "" };
}

function sent(delivery: Delivery): FoundMessage {
  if (isAskDelivery(delivery)) throw asksTheOwner();
  const messageIds = delivery.parts.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt.messageId]));
  if (messageIds.length === 0) throw unknown(`delivery ${delivery.id} has not been sent (${delivery.status})`);
  return { address: delivery.address, messageIds, text: delivery.parts.map(({ rendered }) => rendered.text).join("") };
}

function isAnswer(delivery: Delivery, place: Address): boolean {
  return sameConversation(delivery.address, place) && !isAskDelivery(delivery) && delivery.parts.some(({ receipt }) => receipt !== undefined);
}

function asksTheOwner(): ToolError {
  return new ToolError("no_such_message", "that is a question to the owner, which stays as it was asked");
}

function unknown(message: string): ToolError {
  return new ToolError("no_such_message", message, { hint: "name a message by the number shown with it, or leave `message` out" });
}
