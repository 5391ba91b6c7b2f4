/**
 * The step "twitch/inbound" of the hall (house.md section 2): what somebody writes in a chat becomes our update. Pure. Decides nothing about who may do what; that is
 * turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Update } from "../../core/update.ts";
import { cleanText } from "../../lib/markdown/index.ts";
import type { Identity } from "./login.ts";
import type { WireChat, WireDeletion } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: Identity;
  /** Wall milliseconds. */
  readonly at: number;
}

/** @returns undefined for what we said ourselves, what was said in another chat that is shared with this one, and what has no words. */
export function messageUpdate(event: WireChat, { account, me, at }: InboundContext): Update | undefined {
  const { broadcaster_user_id: chat, chatter_user_id: id, message_id: messageId, message, reply, source_broadcaster_user_id: source } = event;
  if (chat === undefined || id === undefined || messageId === undefined || id === me.id) return undefined;
  if (typeof source === "string" && source !== "" && source !== chat) return undefined;
  const written = cleanText(message?.text ?? "").trim();
  if (written === "") return undefined;
  const { addressed, text } = calledBy(event, me, written);
  const quoted = cleanText(reply?.parent_message_body ?? "").trim();
  return {
    type: "message",
    key: `msg:${chat}:${messageId}`,
    address: addressOf(account, chat),
    sender: {
      id,
      ...(event.chatter_user_name === undefined ? {} : { name: event.chatter_user_name }),
      ...(event.chatter_user_login === undefined ? {} : { username: event.chatter_user_login }),
    },
    direct: false,
    at,
    messageId,
    message: {
      parts: [{ type: "text", text }],
      ...(reply?.parent_message_id === undefined ? {} : { replyTo: reply.parent_message_id }),
      ...(quoted === ""
        ? {}
        : {
            quote: { text: quoted, ...(reply?.parent_user_name === undefined ? {} : { sender: reply.parent_user_name }), own: reply?.parent_user_id === me.id },
          }),
    },
    addressed,
  };
}

/** Twitch does not say who deleted it; the author stands in, so that a stranger's deletion is refused as the stranger's message was. */
export function deletionUpdate(event: WireDeletion, { account, me, at }: InboundContext): Update | undefined {
  const { broadcaster_user_id: chat, target_user_id: id, message_id: messageId } = event;
  if (chat === undefined || id === undefined || messageId === undefined || id === me.id) return undefined;
  return { type: "deletion", key: `del:${chat}:${messageId}`, address: addressOf(account, chat), sender: { id }, direct: false, at, messageId };
}

/** A mention, an answer to us, and `clanker: text` are said to us. Twitch itself puts `@name` before an answer. */
function calledBy({ message, reply }: WireChat, me: Identity, written: string): { addressed: boolean; text: string } {
  const answered = reply?.parent_user_id === me.id;
  const lead = /^@?(\w+)[:,]?\s+([\s\S]+)$/.exec(written);
  const name = me.login.toLowerCase();
  if (lead !== null && lead[1]!.toLowerCase() === name) return { addressed: true, text: lead[2]! };
  const mentioned = (message?.fragments ?? []).some((one) => one.type === "mention" && one.mention?.user_id === me.id);
  const named = written
    .toLowerCase()
    .split(/[^\w]+/)
    .includes(name);
  return { addressed: answered || mentioned || named, text: written };
}

export function addressOf(account: string, chat: string): Address {
  return { channel: "twitch", account, conversation: chat };
}
