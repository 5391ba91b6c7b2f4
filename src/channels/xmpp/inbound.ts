/**
 * The step "xmpp/inbound" of the hall (house.md section 2): one stanza becomes our updates. The same message gives the same key live and from the archive (P1).
 * Decides nothing about who may do what; that is turn/receive.
 */
import type { Element } from "@xmpp/client";
import type { Address } from "../../core/address.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Sender, Update } from "../../core/update.ts";
import { cleanText } from "../../lib/markdown/index.ts";
import { type XmppAccount, rememberReactions } from "./account.ts";
import { bareOf, resourceOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Room } from "./room.ts";

/** A message as it came, live or out of an archive. */
export interface Heard {
  readonly stanza: Element;
  /** Of a room. */
  readonly room: Room | undefined;
  /** Read from the archive, not live. */
  readonly kept: boolean;
  /** The name that the archive it is kept in gives it; absent where nothing is kept. */
  readonly archiveId: string | undefined;
  /** For what bears no name at all: unique on this account. */
  readonly fallbackId: string;
  /** Wall milliseconds. */
  readonly at: number;
}

/** Who says it, and where. */
interface Setting {
  readonly address: Address;
  readonly sender: Sender;
  readonly direct: boolean;
  readonly at: number;
  /** Unique in this conversation. */
  readonly id: string;
}

/** @returns none for what we said ourselves, what a server says, and what nobody said. */
export function translate(account: XmppAccount, heard: Heard): Update[] {
  const { stanza, room } = heard;
  const setting = settingOf(account, heard);
  if (setting === undefined) return [];
  const changed = changeOf(account, heard, setting);
  if (changed !== undefined) return changed;
  const content = contentOf(stanza);
  if (content === undefined) return [];
  const { id, ...who } = setting;
  const conversation = who.address.conversation;
  const { addressed, text } = room === undefined ? { addressed: true, text: content.text } : calledBy(room, stanza, content.text);
  const message = messageOf({ ...content, text });
  if (message === undefined) return [];
  const corrected = stanza.getChild("replace", NS.correct)?.attrs["id"];
  if (corrected !== undefined) {
    const messageId = room === undefined ? corrected : room.nameOf(who.sender.id, corrected);
    return [{ type: "edit", key: `edit:${conversation}:${messageId}:${id}`, ...who, messageId, message }];
  }
  const own = stanza.attrs["id"] ?? stanza.getChild("origin-id", NS.ids)?.attrs["id"];
  const messageId = room === undefined ? (own ?? id) : id;
  if (room !== undefined && own !== undefined) room.remember(who.sender, own, messageId);
  const replyTo = stanza.getChild("reply", NS.reply)?.attrs["id"];
  return [
    {
      type: "message",
      key: `msg:${conversation}:${id}`,
      ...who,
      messageId,
      message: { ...message, ...(replyTo === undefined ? {} : { replyTo }) },
      addressed,
    },
  ];
}

function settingOf({ config }: XmppAccount, { stanza, room, kept, archiveId, fallbackId, at }: Heard): Setting | undefined {
  const from = stanza.attrs["from"] ?? "";
  const id = archiveId ?? stanza.attrs["id"] ?? fallbackId;
  if (stanza.attrs["type"] === "error") return undefined;
  if (room !== undefined) {
    const nick = resourceOf(from);
    if (nick === "" || room.isUs(stanza, kept)) return undefined;
    return { address: addressOf(config.account, room.jid), sender: room.senderOf(stanza, kept), direct: false, at, id };
  }
  const jid = bareOf(from);
  if (jid === config.jid || !jid.includes("@")) return undefined;
  // A word in private from somebody in a room comes from their nick, which anybody may have tomorrow.
  if (stanza.getChild("x", NS.mucUser) !== undefined) return undefined;
  return { address: addressOf(config.account, jid), sender: { id: jid, name: jid.split("@")[0]!, username: jid }, direct: true, at, id };
}

/** Retractions and reactions. They may bear words for clients that know neither, which are not said. */
function changeOf(account: XmppAccount, { stanza, room }: Heard, { id, ...who }: Setting): Update[] | undefined {
  const conversation = who.address.conversation;
  const retracted = stanza.getChild("retract", NS.retract)?.attrs["id"];
  if (retracted !== undefined) {
    // In a room anybody may name anything; only the author's word counts.
    if (room !== undefined && !room.said(who.sender.id, retracted)) return [];
    return [{ type: "deletion", key: `del:${conversation}:${retracted}`, ...who, messageId: retracted }];
  }
  const reactions = stanza.getChild("reactions", NS.reactions);
  const messageId = reactions?.attrs["id"];
  if (reactions === undefined || messageId === undefined) return undefined;
  const now = new Set(
    reactions
      .getChildren("reaction", NS.reactions)
      .map((one) => one.text().trim().slice(0, 64))
      .filter((emoji) => emoji !== "")
      .slice(0, 20),
  );
  const place = `${conversation} ${messageId} ${who.sender.id}`;
  const before = account.reactions.get(place) ?? new Set<string>();
  rememberReactions(account, place, now);
  const change = (emoji: string, removed: boolean): Update => ({
    type: "reaction",
    key: `reaction:${conversation}:${messageId}:${who.sender.id}:${id}:${removed ? "-" : "+"}${emoji}`,
    ...who,
    messageId,
    emoji,
    removed,
  });
  return [...now.difference(before)].map((emoji) => change(emoji, false)).concat([...before.difference(now)].map((emoji) => change(emoji, true)));
}

interface Content {
  readonly text: string;
  readonly quoted: string | undefined;
  readonly media: readonly Media[];
}

/** @returns undefined for what has neither words nor files: typing, receipts, markers, subjects. */
function contentOf(stanza: Element): Content | undefined {
  const body = stanza.getChildText("body") ?? "";
  const media = stanza.getChildren("x", NS.oob).flatMap((x): Media[] => {
    const url = x.getChildText("url")?.trim() ?? "";
    return /^https?:\/\//i.test(url) && url.length <= 2_000 ? [mediaOf(url)] : [];
  });
  if (stanza.getChild("encrypted", NS.omemo) !== undefined)
    return { text: "[a message encrypted with OMEMO, which cannot be read here: please write without it]", quoted: undefined, media: [] };
  if (body === "" && media.length === 0) return undefined;
  const { rest, quoted } = withoutFallback(stanza, body);
  // The address of a file is told by clients twice.
  const text = media.some(({ ref }) => ref === rest.trim()) ? "" : rest;
  return { text: cleanText(text).trim(), quoted, media };
}

function messageOf({ text, quoted, media }: Content): Message | undefined {
  const parts: MessagePart[] = media.map((one) => ({ type: "media", media: one }));
  if (text !== "") parts.push({ type: "text", text });
  if (parts.length === 0) return undefined;
  return { parts, ...(quoted === undefined ? {} : { quote: { text: quoted } }) };
}

/** XEP-0461: the quoted words stand in the body too, for clients that know no replies; XEP-0428 says where, in code points. */
function withoutFallback(stanza: Element, body: string): { rest: string; quoted: string | undefined } {
  const range = stanza
    .getChildren("fallback", NS.fallback)
    .find((one) => one.attrs["for"] === NS.reply)
    ?.getChild("body", NS.fallback)?.attrs;
  if (range === undefined) return { rest: body, quoted: undefined };
  const points = [...body];
  const [start, end] = [Number(range["start"] ?? 0), Number(range["end"] ?? points.length)];
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start) return { rest: body, quoted: undefined };
  const quoted = cleanText(points.slice(start, end).join("")).replace(/^> ?/gm, "").trim();
  return { rest: [...points.slice(0, start), ...points.slice(end)].join(""), quoted: quoted === "" ? undefined : quoted };
}

const KINDS: readonly (readonly [RegExp, Media["kind"], string?])[] = [
  [/\.(png|jpe?g|gif|webp)$/i, "photo"],
  [/\.(mp4|mov|webm|mkv)$/i, "video"],
  [/\.(mp3|m4a|ogg|oga|opus|wav|flac|aac)$/i, "audio"],
];

/** By the name in the address; what it really is, the fetch finds out. */
function mediaOf(url: string): Media {
  const path = url.split(/[?#]/, 1)[0]!;
  const last = path.split("/").at(-1) ?? "";
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // As it is written then.
  }
  return { kind: KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? "document", ref: url, ...(name === "" ? {} : { name: name.slice(0, 200) }) };
}

/** `clanker: text`, our nick as a word, a mention (XEP-0372) of us, and an answer to us (XEP-0461) are said to us. */
function calledBy(room: Room, stanza: Element, text: string): { addressed: boolean; text: string } {
  const me = room.nick.toLowerCase();
  const lead = /^@?(\S+?)[:,]?\s+([\s\S]*)$/.exec(text);
  if (lead !== null && lead[1]!.toLowerCase() === me) return { addressed: true, text: lead[2]! };
  const words = text.toLowerCase().split(/[^\p{L}\p{N}._-]+/u);
  const named = words.some((word) => word === me || word.replace(/[.-]+$/, "") === me);
  return { addressed: named || room.mentions(stanza), text };
}

export function addressOf(account: string, conversation: string): Address {
  return { channel: "xmpp", account, conversation };
}
