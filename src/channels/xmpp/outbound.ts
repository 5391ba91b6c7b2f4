/**
 * The last step of the hall (house.md section 2): one part to XMPP. Always true: it counts as sent when the server has acknowledged it; in a room, when the room has sent it
 * back to us with the name it has there.
 */
import type { Element } from "@xmpp/client";
import type { Address } from "../../core/address.ts";
import type { ActionTarget, ChannelActions, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { newId } from "../../core/random.ts";
import { isEmoji } from "../../lib/is-emoji/index.ts";
import { rememberReactions, type XmppAccount } from "./account.ts";
import { upload } from "./files.ts";
import { NS } from "./ns.ts";
import { roomToSpeakIn } from "./presence.ts";
import { renderMessage, type XmppPayload } from "./render.ts";
import type { Session } from "./session.ts";
import { offline } from "./unconfirmed.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  readonly actions: ChannelActions;
}

/** What we call a message of ours, and in a room what the room calls it: corrections name the one, everything else the other. */
interface Names {
  readonly own: string;
  readonly room: string;
}

/** Between the two names of what is ours; in a conversation of two, where there is no room, it stands first. */
const BETWEEN = "|";

export function createOutbound(account: XmppAccount): Outbound {
  const { deps } = account;

  const standing = (): Session => {
    const { session } = account;
    if (session?.ready !== true) throw offline();
    return session;
  };

  /** Sends and waits until it is certain. @returns the room's name of it */
  const say = async (
    { conversation }: Address,
    { id, children, signal }: { id: string; children: (session: Session) => (Element | false)[]; signal: AbortSignal },
  ): Promise<string> => {
    const session = standing();
    checkJid(conversation);
    const room = roomToSpeakIn(account, conversation);
    const { xml } = session;
    const type = room === undefined ? "chat" : "groupchat";
    const stanza = xml("message", { to: conversation, type, id }, ...children(session), xml("origin-id", { xmlns: NS.ids, id }));
    if (room === undefined) {
      await session.deliver(stanza, signal);
      return "";
    }
    const back = Promise.withResolvers<string>();
    account.reflections.set(id, back.resolve);
    try {
      // A room that does not want it says so instead of sending it back.
      await session.deliver(stanza, signal, back.promise);
      return await back.promise;
    } finally {
      account.reflections.delete(id);
    }
  };

  const text = (payload: Extract<XmppPayload, { kind: "text" }>) => (session: Session) => [
    session.xml("body", null, payload.body),
    !payload.styled && session.xml("unstyled", { xmlns: NS.styling }),
    session.xml("active", { xmlns: NS.states }),
  ];

  const correct = async (messageId: string, payload: XmppPayload, { address, signal }: { address: Address; signal: AbortSignal }): Promise<void> => {
    if (payload.kind !== "text")
      throw new ChannelError("xmpp_not_editable", "only text replaces a message", "permanent", { hint: "Send the file as a message of its own" });
    const { own } = ourNames(messageId);
    const children = (session: Session) => [...text(payload)(session), session.xml("replace", { xmlns: NS.correct, id: own })];
    await say(address, { id: newId(deps.clock, deps.random), children, signal });
  };

  return {
    async send(part, { address, nonce, replyTo, signal }) {
      const payload = part.payload as XmppPayload;
      const link = payload.kind === "media" ? await upload(account, payload.media, signal) : undefined;
      const children = (session: Session): (Element | false)[] => {
        const { xml } = session;
        const room = account.rooms.get(address.conversation);
        // XEP-0461 section 3.1: in a room the answer is to the place somebody sits at.
        const answeredId = replyTo === undefined ? undefined : knownAs(replyTo);
        const answered = answeredId === undefined ? undefined : xml("reply", { xmlns: NS.reply, id: answeredId, to: room?.seatOf(answeredId) });
        const content: (Element | false)[] =
          payload.kind === "media"
            ? [xml("body", null, link!), xml("x", { xmlns: NS.oob }, xml("url", null, link!)), xml("active", { xmlns: NS.states })]
            : text(payload)(session);
        return [...content, answered ?? false];
      };
      const named = await say(address, { id: nonce, children, signal });
      return { messageId: `${named}${BETWEEN}${nonce}` };
    },
    edit: (receipt, part, target) => correct(receipt.messageId, part.payload as XmppPayload, target),
    async typing({ conversation }) {
      const { session, rooms } = account;
      if (session?.ready !== true) return;
      const room = rooms.get(conversation);
      if (room?.joined === false) return;
      const { xml } = session;
      const type = room === undefined ? "chat" : "groupchat";
      const told = await session.tell(xml("message", { to: conversation, type }, xml("composing", { xmlns: NS.states }), xml("no-store", { xmlns: NS.hints })));
      if (!told) deps.log.debug("xmpp typing not shown", {});
    },
    actions: {
      async edit({ address, messageId, signal }, markdown) {
        const rendered = renderMessage({ parts: [{ type: "text", text: markdown }] });
        if (rendered.length > 1) throw new ChannelError("xmpp_too_long", "the text is too long for one message", "permanent", { hint: "Write less" });
        await correct(messageId, rendered[0]!.payload as XmppPayload, { address, signal });
      },
      async delete({ address, messageId, signal }) {
        const { own, room } = ourNames(messageId);
        await say(address, {
          id: newId(deps.clock, deps.random),
          signal,
          children: ({ xml }) => [
            xml("retract", { xmlns: NS.retract, id: room || own }),
            // For clients that know no retractions (section 5.1).
            xml("fallback", { xmlns: NS.fallback, for: NS.retract }),
            xml("body", null, "This message was taken back."),
            xml("store", { xmlns: NS.hints }),
          ],
        });
      },
      react: (target, emoji, on) => react(target, emoji, on),
    },
  };

  /** Each telling is of all our reactions to that message (XEP-0444 section 4.2). */
  async function react({ address, messageId, signal }: ActionTarget, emoji: string, on: boolean): Promise<void> {
    // It should be nothing that is not displayed as a single emoji.
    if (!isEmoji(emoji)) throw new ChannelError("xmpp_no_emoji", "a reaction is one emoji", "permanent", { hint: "Give one emoji, such as 👍" });
    const id = knownAs(messageId);
    const place = `${address.conversation} ${id} ${account.config.jid}`;
    const now = new Set(account.reactions.get(place));
    if (on) now.add(emoji);
    else now.delete(emoji);
    await say(address, {
      id: newId(deps.clock, deps.random),
      signal,
      children: ({ xml }) => [
        xml("reactions", { xmlns: NS.reactions, id }, ...[...now].map((one) => xml("reaction", null, one))),
        xml("store", { xmlns: NS.hints }),
      ],
    });
    rememberReactions(account, place, now);
  }
}

/** Whatever the server says to it, nobody believes a correction or retraction of somebody else's message. @throws ChannelError */
function ourNames(messageId: string): Names {
  if (!messageId.includes(BETWEEN))
    throw new ChannelError("xmpp_not_ours", "only our own messages can be changed", "permanent", { hint: "Name a message that the assistant has sent" });
  return namesOf(messageId);
}

/** What everybody there calls a message. */
function knownAs(messageId: string): string {
  const { own, room } = namesOf(messageId);
  return room || own;
}

function namesOf(messageId: string): Names {
  const at = messageId.indexOf(BETWEEN);
  return at < 0 ? { own: messageId, room: "" } : { room: messageId.slice(0, at), own: messageId.slice(at + 1) };
}

/** What we send to has to be somebody's bare address. @throws ChannelError */
function checkJid(jid: string): void {
  if (!/^[^\s@/"&'<>]+@[^\s@/"&'<>]+$/.test(jid)) throw new ChannelError("xmpp_refused", "not an XMPP address", "permanent", { hint: "Check the address" });
}
