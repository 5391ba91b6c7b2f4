/** The first step of the hall: a connection to the server, kept until told to stop. Always true: what is told of it is what a round trip has shown (P7). */
import type { Element } from "@xmpp/client";
import { sleep } from "../../core/clock.ts";
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { alive, recover, type XmppAccount } from "./account.ts";
import { type Admission, createAdmission } from "./admit.ts";
import { type Pages, takePage } from "./archive.ts";
import { bounceOf } from "./bounce.ts";
import { discoverRoom, discoverServer } from "./discover.ts";
import { bareOf } from "./jid.ts";
import { NS } from "./ns.ts";
import { fromRoom, hearRoom, joinRoom, stillIn } from "./presence.ts";
import type { Room } from "./room.ts";
import { Session } from "./session.ts";
import { XmppTrouble } from "./trouble.ts";

/** Receives until `signal` aborts. Never rejects. */
export async function receiveMessages(account: XmppAccount, signal: AbortSignal): Promise<void> {
  const library = await import("@xmpp/client");
  const pages: Pages = new Map();
  const admission = createAdmission(account, pages, signal);
  const events = {
    stanza: (stanza: Element, handled: () => void) => hear(account, stanza, { handled, admission, pages }),
    room: () => admission.room(),
  };
  let session: Session | undefined;
  await keepConnected(account, { channel: "xmpp", signal, recover }, async () => {
    // One that may be resumed is tried again: nothing is lost or doubtful then.
    if (session?.resumable !== true) session = new Session(account, library, events);
    try {
      await serve(account, session, { admission, signal });
    } catch (error) {
      account.session = undefined;
      session.drop(error);
      throw error;
    }
  });
  account.session = undefined;
  await session?.close();
  await admission.idle();
}

async function serve(account: XmppAccount, session: Session, { admission, signal }: { admission: Admission; signal: AbortSignal }): Promise<void> {
  const { health, config, deps, timing } = account;
  const resumed = await session.connect(signal);
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  account.session = session;
  health.identify(config.jid);
  if (!resumed) {
    for (const room of account.rooms.values()) room.left();
    await discoverServer(account, session);
    // In this order on the wire: what is said before we are there is in the archive, what is said after it comes by itself, behind it.
    const told = session.tell(session.xml("presence"));
    admission.gap(undefined);
    await told;
    for (const room of account.rooms.values()) {
      await discoverRoom(account, session, room);
      await joinRoom(account, session, room);
    }
  }
  alive(account);
  const over = session.over;
  const patience = new AbortController();
  const pinging = (async () => {
    for (;;) {
      await sleep(deps.clock, timing.pingMs, AbortSignal.any([patience.signal, signal]));
      if (patience.signal.aborted || signal.aborted) return;
      if (admission.isFull()) continue;
      await check(account, session);
    }
  })();
  try {
    await Promise.race([over, stopped, pinging]);
  } finally {
    patience.abort();
    pinging.catch(() => {});
  }
}

/** Whether the server is there (XEP-0199) and we are in the rooms (XEP-0410). @throws XmppTrouble */
async function check(account: XmppAccount, session: Session): Promise<void> {
  await session.ask("get", session.xml("ping", { xmlns: NS.ping })).catch((error: unknown) => {
    // "I do not know ping" is an answer too.
    if (error instanceof XmppTrouble || !isStanzaError(error)) throw error;
  });
  for (const room of account.rooms.values()) {
    if (!room.joined || !(await stillIn(account, session, room))) await joinRoom(account, session, room);
  }
  alive(account);
}

function isStanzaError(error: unknown): boolean {
  return error instanceof Error && error.name === "StanzaError";
}

function hear(account: XmppAccount, stanza: Element, { handled, admission, pages }: { handled: () => void; admission: Admission; pages: Pages }): void {
  const { config, session } = account;
  const room = fromRoom(account, stanza);
  if (stanza.is("presence")) {
    const jid = bareOf(stanza.attrs["from"] ?? "");
    if (room !== undefined) hearRoom(account, stanza, { room, admission });
    else if (stanza.attrs["type"] === "subscribe" && jid.includes("@")) return admission.asked(jid, handled);
    return handled();
  }
  if (!stanza.is("message") || takePage(pages, stanza, config.jid)) return handled();
  const type = stanza.attrs["type"] ?? "normal";
  if (type === "error") {
    session?.bounced(stanza, bounceOf(stanza));
    return handled();
  }
  if (type === "headline") return handled();
  if (type !== "groupchat") {
    if (room === undefined) return admission.take(stanza, undefined, handled);
    // A word in private comes from a nick, which anybody may have tomorrow.
    account.deps.log.info("xmpp: a private message of a room's member is not taken; people write from their own address", { room: room.jid });
    return handled();
  }
  if (room === undefined) return handled();
  // Our own words come back, which says that the room has them.
  if (room.isUs(stanza, false)) {
    reflected(account, stanza, room);
    return handled();
  }
  // What was said before we came is read from the archive, where it has a name.
  if (stanza.getChild("delay", NS.delay) !== undefined) return handled();
  admission.take(stanza, room, handled);
}

function reflected(account: XmppAccount, stanza: Element, room: Room): void {
  const name = stanza.getChildren("stanza-id", NS.ids).find(({ attrs }) => bareOf(attrs["by"] ?? "") === room.jid)?.attrs["id"];
  if (name !== undefined) room.rememberOurs(name);
  const id = stanza.getChild("origin-id", NS.ids)?.attrs["id"] ?? stanza.attrs["id"] ?? "";
  account.reflections.get(id)?.(name ?? "");
}
