/** What the server and the rooms can do (XEP-0030). What is not answered is not there. */
import type { Element } from "@xmpp/client";
import type { XmppAccount } from "./account.ts";
import { domainOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import { XmppTrouble } from "./trouble.ts";

const MAX_SERVICES = 20;

/** @throws XmppTrouble when the connection is over */
export async function discoverServer(account: XmppAccount, session: Session): Promise<void> {
  const { config, deps } = account;
  const own = await featuresOf(session, config.jid);
  account.archived = own.features.has(NS.archive);
  if (!account.archived) deps.log.warn("xmpp: the server keeps no archive (XEP-0313); what is said while nobody listens depends on its offline messages", {});
  account.uploads = undefined;
  const domain = domainOf(config.jid);
  for (const service of [domain, ...(await itemsOf(session, domain))].slice(0, MAX_SERVICES)) {
    const { features, info } = await featuresOf(session, service);
    if (!features.has(NS.upload)) continue;
    const form = info
      ?.getChildren("x", NS.form)
      .find((x) => x.getChildren("field", NS.form).some((field) => field.getChildText("value", NS.form) === NS.upload));
    const size = Number(
      form
        ?.getChildren("field", NS.form)
        .find(({ attrs }) => attrs["var"] === "max-file-size")
        ?.getChildText("value", NS.form) ?? "",
    );
    account.uploads = { service, maxBytes: size > 0 ? size : Number.MAX_SAFE_INTEGER };
    return;
  }
}

/** @throws XmppTrouble when the connection is over */
export async function discoverRoom(_account: XmppAccount, session: Session, room: Room): Promise<void> {
  const { features } = await featuresOf(session, room.jid);
  room.archived = features.has(NS.archive);
  room.vouches = features.has(NS.occupant);
}

async function featuresOf(session: Session, jid: string): Promise<{ features: Set<string>; info: Element | undefined }> {
  const info = (await answerOf(session, session.xml("query", { xmlns: NS.info }), jid))?.getChild("query", NS.info);
  return { features: new Set((info?.getChildren("feature", NS.info) ?? []).map(({ attrs }) => attrs["var"] ?? "")), info };
}

async function itemsOf(session: Session, jid: string): Promise<string[]> {
  const items = (await answerOf(session, session.xml("query", { xmlns: NS.items }), jid))?.getChild("query", NS.items);
  return (items?.getChildren("item", NS.items) ?? []).flatMap(({ attrs }) => (attrs["jid"] === undefined ? [] : [attrs["jid"]]));
}

async function answerOf(session: Session, query: Element, jid: string): Promise<Element | undefined> {
  try {
    return await session.ask("get", query, jid);
  } catch (error) {
    // A service that does not answer has nothing to offer; a connection that is over has to be made anew.
    if (error instanceof XmppTrouble && !session.ready) throw error;
    return undefined;
  }
}
