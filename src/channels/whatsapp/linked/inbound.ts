/**
 * The step "inbound" of the hall (house.md section 2) for a linked device: a fact becomes our update. Pure: the same fact gives the same key (P1). Decides nothing about
 * who may do what; that is turn/receive.
 */
import { chatCommands } from "../../../core/command.ts";
import type { Message, MessagePart } from "../../../core/message.ts";
import type { Update } from "../../../core/update.ts";
import { isOwnId, messageIdOf, numberOf, plainJid } from "./ids.ts";
import type { Fact, FactContent } from "./protocol.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Who we are: by number, and by the id that groups know. */
  readonly me: readonly string[];
  /** Numbers of people whom WhatsApp calls by an id without a number, as far as they were ever told. */
  readonly numbers: ReadonlyMap<string, string>;
  /** Wall milliseconds, for what bears no time. */
  readonly now: number;
}

export function updateOf(fact: Fact, context: InboundContext): Update | undefined {
  const sender = { id: personId(fact.sender, fact.senderAlt, context), ...(fact.name === undefined ? {} : { name: fact.name.slice(0, 100) }) };
  const conversation = fact.group ? fact.chat : personId(fact.chat, fact.chatAlt, context);
  const address = { channel: "whatsapp", account: context.account, conversation };
  const own = messageIdOf({ id: fact.id, fromMe: false, participant: plainJid(fact.sender) }, fact.group);
  const base = { address, sender, direct: !fact.group, at: fact.at > 0 ? fact.at : context.now } as const;
  const target = fact.target === undefined ? undefined : messageIdOf({ participant: plainJid(fact.sender), ...fact.target }, fact.group);
  switch (fact.kind) {
    case "message": {
      const message = messageOf(fact, context);
      if (message === undefined) return undefined;
      return { ...base, type: "message", key: `msg:${conversation}:${own}`, messageId: own, message, addressed: !fact.group || isAddressed(fact, context) };
    }
    case "edit": {
      const message = messageOf(fact, context);
      return target === undefined || message === undefined
        ? undefined
        : { ...base, type: "edit", key: `edit:${conversation}:${own}`, messageId: target, message };
    }
    case "deletion":
      return target === undefined ? undefined : { ...base, type: "deletion", key: `del:${conversation}:${target}`, messageId: target };
    case "reaction": {
      const { emoji = "" } = fact;
      return target === undefined
        ? undefined
        : { ...base, type: "reaction", key: `reaction:${conversation}:${own}`, messageId: target, emoji, removed: emoji === "" };
    }
  }
}

/**
 * The phone number where it is known, for that is what people write into allowlists; else the id by which groups hide it (`123@lid`). What was once known stays known, so
 * that somebody does not become another sender.
 */
export function personId(jid: string, alt: string | undefined, { numbers }: Pick<InboundContext, "numbers">): string {
  return numberOf(jid) ?? numberOf(alt) ?? numbers.get(plainJid(jid)) ?? plainJid(jid);
}

function messageOf({ content = {}, group }: Fact, context: InboundContext): Message | undefined {
  const parts = partsOf(content, context);
  if (parts.length === 0) return undefined;
  const { quoted } = content;
  if (quoted === undefined) return { parts };
  const isOurs = isOwnId(quoted.id) || isMe(quoted.participant, context);
  const replyTo = messageIdOf(
    { id: quoted.id, fromMe: isOurs, ...(quoted.participant === undefined ? {} : { participant: plainJid(quoted.participant) }) },
    group,
  );
  return { parts, replyTo, ...(quoted.text === undefined ? {} : { quote: { text: quoted.text } }) };
}

function partsOf(content: FactContent, context: InboundContext): MessagePart[] {
  const { media, location, contacts = [], poll, text } = content;
  const said = withoutLeadingMention(text ?? "", context).trim();
  return [
    ...(media === undefined ? [] : [{ type: "media" as const, media }]),
    ...(location === undefined ? [] : [{ type: "location" as const, ...location }]),
    ...contacts.map((contact) => ({ type: "contact" as const, ...contact })),
    ...(poll === undefined ? [] : [{ type: "poll" as const, ...poll }]),
    // Only the mention: somebody has called.
    ...(said !== "" ? [{ type: "text" as const, text: said }] : (text ?? "").trim() !== "" ? [{ type: "text" as const, text: text!.trim() }] : []),
  ];
}

const COMMAND = new RegExp(`^/(${chatCommands.map(({ name }) => name).join("|")})(?=\\s|$)`, "i");

/** In a group: mentioned, answered or commanded. */
function isAddressed({ content = {} }: Fact, context: InboundContext): boolean {
  const { mentions = [], quoted, text = "" } = content;
  if (mentions.some((jid) => isMe(jid, context))) return true;
  if (quoted !== undefined && (isOwnId(quoted.id) || isMe(quoted.participant, context))) return true;
  return COMMAND.test(text.trim());
}

function isMe(jid: string | undefined, { me }: InboundContext): boolean {
  return jid !== undefined && me.includes(plainJid(jid));
}

/** A mention stands in the text as `@` and the digits of the id. */
function withoutLeadingMention(text: string, { me }: InboundContext): string {
  const lead = /^\s*@([0-9]+)[.:,]?\s+/.exec(text);
  return lead !== null && me.some((jid) => jid.startsWith(`${lead[1]}@`)) ? text.slice(lead[0].length) : text;
}
