/**
 * What was said while nobody listened (XEP-0313, fault-47): the server keeps it for us, and each room does for itself. Read from the position on record, page by page, before
 * anything that comes live; keys make duplicates of what did arrive.
 */
import type { Element } from "@xmpp/client";
import { newId } from "../../core/random.ts";
import type { Cursor } from "../../core/update.ts";
import type { XmppAccount } from "./account.ts";
import { translate } from "./inbound.ts";
import { bareOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import { XmppTrouble } from "./trouble.ts";

/** Nobody waits for an answer to something older. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;
const PAGE = 50;

/** Takes the messages of an archive's answer, by the query's id. Given to the account's stanza handler. */
export type Pages = Map<string, { readonly from: string | undefined; readonly take: (result: Element) => void }>;

/** @returns whether this was an answer of an archive, or pretended to be one: then nobody else looks at it. */
export function takePage(pages: Pages, stanza: Element, me: string): boolean {
  const result = stanza.getChild("result", NS.archive);
  if (result === undefined) return false;
  const query = pages.get(result.attrs["queryid"] ?? "");
  // Anybody can write such a message: only the archive's own counts.
  const from = stanza.attrs["from"];
  const honest = query?.from === undefined ? from === undefined || from === me : from !== undefined && bareOf(from) === query.from;
  if (query !== undefined && honest) query.take(result);
  return true;
}

/** Where an archive is read up to: its name of the last message, and when that was, for an archive that has forgotten it. */
export function positionOf(id: string, at: number): string {
  return `${new Date(at).toISOString()} ${id}`;
}

export function cursorOf({ config }: XmppAccount, room: Room | undefined, value: string): Cursor {
  return { channel: "xmpp", account: config.account, name: room === undefined ? "archive" : `room:${room.jid}`, value };
}

/** @throws what `Intake.receive` throws, XmppTrouble and the library's errors: it has to be read again. */
export async function fillGap(account: XmppAccount, room: Room | undefined, pages: Pages): Promise<void> {
  if (!(room ?? account).archived) return;
  try {
    await readOn(account, room, pages);
  } catch (error) {
    // One that will not tell does not hold up what is said live: we may have been thrown out meanwhile. It is asked again with the next login or entrance.
    if (!isRefusal(error)) throw error;
    account.deps.log.warn("xmpp: an archive does not tell what was missed", { archive: room?.jid ?? account.config.jid, error });
  }
}

async function readOn(account: XmppAccount, room: Room | undefined, pages: Pages): Promise<void> {
  const session = account.session;
  if (session?.ready !== true) throw new XmppTrouble("xmpp_lost", "not connected");
  const { deps, health, config } = account;
  const cursor = await deps.cursor(cursorOf(account, room, "").name);
  if (cursor === undefined) return begin(account, session, { room, pages });
  const [time = "", id = ""] = cursor.split(" ", 2);
  const oldest = deps.clock.now() - MAX_AGE_MS;
  const at = Date.parse(time);
  let from: From = id !== "" && at > oldest ? { after: id } : { start: new Date(Math.max(at || 0, oldest)).toISOString() };
  for (;;) {
    let page: Page;
    try {
      page = await ask(session, deps, { room, pages, from });
    } catch (error) {
      // It has forgotten where we were (XEP-0059 section 2.1): then by time, from a little before.
      if (!isNotFound(error) || !("after" in from)) throw error;
      from = { start: new Date(Math.max(at - 60_000, oldest)).toISOString() };
      continue;
    }
    const updates = page.kept.flatMap((one) => translate(account, { ...one, room, kept: true, archiveId: one.id, fallbackId: one.id }));
    const last = page.kept.at(-1);
    if (last !== undefined) {
      await deps.intake.receive(updates, cursorOf(account, room, positionOf(last.id, last.at)));
      if (updates.length > 0) {
        health.heard();
        deps.metrics.count("channel_updates", { channel: "xmpp", account: config.account }, updates.length);
      }
    }
    if (page.complete || last === undefined) return;
    from = { after: last.id };
  }
}

/** Old messages are not answered: the first time it begins behind everything that is there. */
async function begin(account: XmppAccount, session: Session, { room, pages }: { room: Room | undefined; pages: Pages }): Promise<void> {
  const { deps } = account;
  const { kept } = await ask(session, deps, { room, pages, from: { last: true } });
  const last = kept.at(-1);
  const value = last === undefined ? positionOf("", deps.clock.now()) : positionOf(last.id, last.at);
  await deps.intake.receive([], cursorOf(account, room, value));
}

type From = { readonly after: string } | { readonly start: string } | { readonly last: true };

interface Page {
  readonly kept: { readonly id: string; readonly at: number; readonly stanza: Element }[];
  readonly complete: boolean;
}

async function ask(
  session: Session,
  { clock, random }: XmppAccount["deps"],
  { room, pages, from }: { room: Room | undefined; pages: Pages; from: From },
): Promise<Page> {
  const { xml } = session;
  const queryid = newId(clock, random);
  const field = (name: string, value: string, type?: string) => xml("field", { var: name, type }, xml("value", null, value));
  const kept: Page["kept"] = [];
  pages.set(queryid, {
    from: room?.jid,
    take(result) {
      const forwarded = result.getChild("forwarded", NS.forward);
      const stanza = forwarded?.getChild("message");
      const at = Date.parse(forwarded?.getChild("delay", NS.delay)?.attrs["stamp"] ?? "");
      const id = result.attrs["id"] ?? "";
      if (stanza !== undefined && id !== "" && kept.length < 1_000) kept.push({ id, at: Number.isNaN(at) ? clock.now() : at, stanza });
    },
  });
  try {
    const answer = await session.ask(
      "set",
      xml(
        "query",
        { xmlns: NS.archive, queryid },
        xml("x", { xmlns: NS.form, type: "submit" }, field("FORM_TYPE", NS.archive, "hidden"), ...("start" in from ? [field("start", from.start)] : [])),
        xml(
          "set",
          { xmlns: NS.page },
          xml("max", null, "last" in from ? "1" : String(PAGE)),
          ...("after" in from ? [xml("after", null, from.after)] : []),
          ...("last" in from ? [xml("before")] : []),
        ),
      ),
      room?.jid,
    );
    return { kept, complete: answer.getChild("fin", NS.archive)?.attrs["complete"] === "true" };
  } finally {
    pages.delete(queryid);
  }
}

/** RFC 6120 section 8.3.2: all but `wait` are for good. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "StanzaError" && (error as { type?: unknown }).type !== "wait";
}

function isNotFound(error: unknown): boolean {
  return (error as { condition?: unknown } | undefined)?.condition === "item-not-found";
}
