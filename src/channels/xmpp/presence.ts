/** Being in rooms (XEP-0045 sections 7.2 and 7.14, XEP-0410). */
import type { Element } from "@xmpp/client";
import { sleep } from "../../core/clock.ts";
import { ChannelError } from "../../core/errors.ts";
import type { XmppAccount } from "./account.ts";
import type { Admission } from "./admit.ts";
import { bareOf, resourceOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import { XmppTrouble } from "./trouble.ts";

/** XEP-0045 section 15.6.2. */
const SELF = "110";
const RENAMED = "303";
const THROWN_OUT = new Set(["301", "307", "321", "322", "332"]);

export function fromRoom({ rooms }: XmppAccount, stanza: Element): Room | undefined {
  return rooms.get(bareOf(stanza.attrs["from"] ?? ""));
}

/** Somebody is there, is not any more, or it is about ourselves. */
export function hearRoom({ deps, pendingJoins }: XmppAccount, presence: Element, { room, admission }: { room: Room; admission: Admission }): void {
  const type = presence.attrs["type"];
  const nick = resourceOf(presence.attrs["from"] ?? "");
  if (type === "error") {
    const condition =
      presence
        .getChild("error")
        ?.getChildElements()
        .find((one) => one.getNS() === NS.stanzaErrors && one.name !== "text")?.name ?? "error";
    return pendingJoins.get(room.jid)?.(condition);
  }
  const about = presence.getChild("x", NS.mucUser);
  const codes = (about?.getChildren("status", NS.mucUser) ?? []).map((status) => status.attrs["code"] ?? "");
  const us = codes.includes(SELF) || (room.joined && nick === room.nick);
  if (!us) return room.seen(presence);
  if (type === "unavailable") {
    if (codes.includes(RENAMED)) {
      room.seen(presence);
      room.nick = about?.getChild("item", NS.mucUser)?.attrs["nick"] ?? room.nick;
      return;
    }
    room.joined = false;
    room.refusal = codes.some((code) => THROWN_OUT.has(code)) ? "thrown out" : "the room is gone";
    deps.log.warn("xmpp: not in a room any more", { room: room.jid, codes });
    const actor = about?.getChild("item", NS.mucUser)?.getChild("actor", NS.mucUser)?.attrs["jid"];
    return admission.removed(room, actor === undefined ? undefined : bareOf(actor));
  }
  room.seen(presence);
  room.nick = nick;
  if (room.joined) return;
  room.joined = true;
  room.refusal = undefined;
  // Ahead of everything that is said there from now on.
  admission.gap(room);
  pendingJoins.get(room.jid)?.(undefined);
}

/** Never throws for a room that does not let us in: `room.refusal` says why. @throws XmppTrouble when the connection is over */
export async function joinRoom({ deps, timing, pendingJoins }: XmppAccount, session: Session, room: Room): Promise<void> {
  const { xml } = session;
  for (;;) {
    const answered = Promise.withResolvers<string | undefined>();
    pendingJoins.set(room.jid, answered.resolve);
    const patience = new AbortController();
    void sleep(deps.clock, timing.answerMs, patience.signal).then(() => answered.resolve("no answer"));
    try {
      await session.tell(xml("presence", { to: `${room.jid}/${room.nick}` }, xml("x", { xmlns: NS.muc }, xml("history", { maxstanzas: "0" }))));
      const refused = await Promise.race([answered.promise, session.over]);
      if (refused === "conflict" && room.tryOther()) continue;
      room.refusal = refused;
      if (refused !== undefined) deps.log.warn("xmpp: room not joined", { room: room.jid, reason: refused });
      return;
    } finally {
      patience.abort();
      pendingJoins.delete(room.jid);
    }
  }
}

/** XEP-0410 section 3.3: a ping to ourselves, which the room sends on only to somebody in it. @throws XmppTrouble when the connection is over */
export async function stillIn(_account: XmppAccount, session: Session, room: Room): Promise<boolean> {
  try {
    await session.ask("get", session.xml("ping", { xmlns: NS.ping }), `${room.jid}/${room.nick}`);
    return true;
  } catch (error) {
    if (error instanceof XmppTrouble && !session.ready) throw error;
    const condition = (error as { condition?: string }).condition;
    if (condition === "service-unavailable" || condition === "feature-not-implemented" || condition === "item-not-found") return true;
    room.joined = false;
    return false;
  }
}

/** @throws ChannelError when we are not in the room */
export function roomToSpeakIn({ rooms }: XmppAccount, jid: string): Room | undefined {
  const room = rooms.get(jid);
  if (room !== undefined && !room.joined)
    throw new ChannelError("xmpp_not_in_room", `not in the room ${jid}${room.refusal === undefined ? "" : `: ${room.refusal}`}`, "retry", {
      retryAfterMs: 10_000,
    });
  return room;
}
