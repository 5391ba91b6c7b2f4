/**
 * Hands what happens to step 1 of the hall (turn/receive), in order, one commit at a time. Always true: a stanza is acknowledged to the server only when it is stored (P1);
 * what the intake refuses is kept and tried again; while too much waits nothing more is read, so that the server notices.
 */
import type { Element } from "@xmpp/client";
import type { Update } from "../../core/update.ts";
import { createInOrder } from "../../lib/in-order/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { alive, recover, type XmppAccount } from "./account.ts";
import { cursorOf, fillGap, type Pages, positionOf } from "./archive.ts";
import { addressOf, translate } from "./inbound.ts";
import { bareOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Room } from "./room.ts";

type Work =
  | { readonly kind: "gap"; readonly room: Room | undefined }
  | {
      readonly kind: "stanza";
      readonly stanza: Element;
      readonly room: Room | undefined;
      readonly handled: () => void;
      readonly at: number;
      readonly id: string;
    }
  | { readonly kind: "asked"; readonly jid: string; readonly handled: () => void };

export interface Admission {
  /** What was missed in our own archive, or in a room's, goes ahead of all that comes after this. */
  gap(room: Room | undefined): void;
  take(stanza: Element, room: Room | undefined, handled: () => void): void;
  /** Somebody asks to see whether we are there (RFC 6121 section 3.1). */
  asked(jid: string, handled: () => void): void;
  /** Somebody else has thrown us out of a room. */
  removed(room: Room, by: string | undefined): void;
  /** Resolves when there is room for more. */
  room(): Promise<void>;
  /** Nothing more is read now: an answer would not be heard. */
  isFull(): boolean;
  /** Resolves when everything is taken, or `signal` has aborted. */
  idle(): Promise<void>;
}

export function createAdmission(account: XmppAccount, pages: Pages, signal: AbortSignal): Admission {
  const { deps, config } = account;
  const backoff = createAccountBackoff(account);
  const begun = deps.clock.now().toString(36) + Math.floor(deps.random.number() * 1_296).toString(36);
  let count = 0;
  let full: Promise<void> = Promise.resolve();
  /** Archives that wait to be read: their answers come over the same wire. */
  let gaps = 0;
  const queue = createInOrder<Work | { readonly kind: "update"; readonly update: Update }>({
    signal,
    async work(item) {
      if (item.kind === "gap") {
        await fillGap(account, item.room, pages);
        gaps -= 1;
      } else if (item.kind === "update") await deps.intake.receive([item.update]);
      else if (item.kind === "asked") await admitRequest(account, item.jid);
      else await admitStanza(account, item);
      if ("handled" in item) item.handled();
      backoff.reset();
      if (!account.stuck) return;
      account.stuck = false;
      if (account.session?.ready === true) alive(account);
    },
    async failed(error, failures) {
      account.stuck = true;
      deps.log.warn("xmpp message not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  let adding = 0;
  const isFull = () => adding > 0 && gaps === 0 && account.session?.ready === true;
  const add = (item: Parameters<typeof queue.add>[0]) => {
    adding += 1;
    const done = queue.add(item).finally(() => (adding -= 1));
    full = full.then(() => done);
  };
  return {
    gap(room) {
      gaps += 1;
      add({ kind: "gap", room });
    },
    take(stanza, room, handled) {
      count += 1;
      add({ kind: "stanza", stanza, room, handled, at: timeOf(account, stanza), id: `${begun}.${count}` });
    },
    asked: (jid, handled) => add({ kind: "asked", jid, handled }),
    removed(room, by) {
      count += 1;
      const at = deps.clock.now();
      const sender = { id: by ?? room.jid };
      add({
        kind: "update",
        update: {
          type: "membership",
          key: `member:${room.jid}:${begun}.${count}`,
          address: addressOf(config.account, room.jid),
          sender,
          direct: false,
          at,
          change: "left",
        },
      });
    },
    // Who does not read on hears neither the archive's answer nor that of a login.
    room: async () => (isFull() ? full : undefined),
    isFull,
    idle: queue.idle,
  };
}

/** When it was said, as the server that kept it for us tells (XEP-0203); nobody else's word counts. */
function timeOf({ config, deps }: XmppAccount, stanza: Element): number {
  const delay = stanza
    .getChildren("delay", NS.delay)
    .find(({ attrs: { from } }) => from === undefined || from === config.jid || config.jid.endsWith(`@${from}`));
  const at = Date.parse(delay?.attrs["stamp"] ?? "");
  return Number.isNaN(at) ? deps.clock.now() : Math.min(at, deps.clock.now());
}

async function admitStanza(account: XmppAccount, { stanza, room, at, id }: Extract<Work, { kind: "stanza" }>): Promise<void> {
  const { deps, config, health } = account;
  const keeper = room?.jid ?? config.jid;
  const archiveId = (room ?? account).archived
    ? stanza.getChildren("stanza-id", NS.ids).find(({ attrs }) => attrs["by"] !== undefined && bareOf(attrs["by"]) === keeper)?.attrs["id"]
    : undefined;
  let updates: Update[];
  try {
    updates = translate(account, { stanza, room, kept: false, archiveId, fallbackId: id, at });
  } catch (error) {
    deps.log.warn("xmpp message skipped: it could not be read", { error });
    return;
  }
  if (updates.length === 0) return;
  const outcomes = await deps.intake.receive(updates, archiveId === undefined ? undefined : cursorOf(account, room, positionOf(archiveId, at)));
  health.heard();
  deps.metrics.count("channel_updates", { channel: "xmpp", account: config.account }, updates.length);
  // A stranger is told nothing (sec-34); in a room nobody asks.
  if (room === undefined && updates[0]?.type === "message" && outcomes[0]?.kind !== "refused") await confirm(account, stanza);
}

/** It has arrived (XEP-0184), and it was read (XEP-0333), for those who ask. A courtesy: it may fail. */
async function confirm({ session }: XmppAccount, stanza: Element): Promise<void> {
  const { from: to, id } = stanza.attrs;
  if (session === undefined || to === undefined || id === undefined) return;
  const { xml } = session;
  const marks = [
    ...(stanza.getChild("request", NS.receipts) === undefined ? [] : [xml("received", { xmlns: NS.receipts, id })]),
    ...(stanza.getChild("markable", NS.markers) === undefined ? [] : [xml("displayed", { xmlns: NS.markers, id })]),
  ];
  if (marks.length > 0) await session.tell(xml("message", { to, type: "chat" }, ...marks, xml("store", { xmlns: NS.hints })));
}

/** Only somebody who may write may see that we are there; the others' question stays open. */
async function admitRequest({ deps, config, session }: XmppAccount, jid: string): Promise<void> {
  const at = deps.clock.now();
  const [outcome] = await deps.intake.receive([
    { type: "membership", key: `member:${jid}:${at}`, address: addressOf(config.account, jid), sender: { id: jid }, direct: true, at, change: "joined" },
  ]);
  if (outcome === undefined || outcome.kind === "refused" || session === undefined) return;
  await session.tell(session.xml("presence", { to: jid, type: "subscribed" }));
}
