import { sha256Hex } from "../../../lib/digest/index.ts";
import type { TargetKey } from "./protocol.ts";

/** What the ids of our own messages begin with: clients of WhatsApp Web write `3EB0`, the rest tells ours from others. */
const OURS = "3EB0C1A4";

/** The same nonce gives the same id. 22 characters, as baileys makes them. */
export function ownId(nonce: string): string {
  return OURS + sha256Hex(nonce).slice(0, 14).toUpperCase();
}

export function isOwnId(id: string): boolean {
  return id.startsWith(OURS);
}

/** How a message of WhatsApp is called in updates and receipts. In a group its author belongs to its name. */
export function messageIdOf({ id, participant }: TargetKey, group: boolean): string {
  return group && !isOwnId(id) && participant !== undefined ? `${id}/${participant}` : id;
}

export function targetOf(messageId: string): TargetKey {
  const [id = "", participant] = messageId.split("/");
  return { id, fromMe: isOwnId(id), ...(participant === undefined ? {} : { participant }) };
}

/** Without the number of a device: `4917...:5@s.whatsapp.net` is `4917...@s.whatsapp.net`. */
export function plainJid(jid: string): string {
  return jid.replace(/:\d+(?=@)/, "");
}

/** Where messages for a conversation go: a number is written without its server in addresses. */
export function jidOf(conversation: string): string {
  return conversation.includes("@") ? conversation : `${conversation}@s.whatsapp.net`;
}

const NUMBER = /^([0-9]+)@s\.whatsapp\.net$/;

/** The phone number of a WhatsApp id; undefined for an id that hides it. */
export function numberOf(jid: string | undefined): string | undefined {
  return jid === undefined ? undefined : NUMBER.exec(plainJid(jid))?.[1];
}
