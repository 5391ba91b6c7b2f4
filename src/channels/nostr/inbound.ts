/**
 * The step "nostr/inbound" of the hall (house.md section 2): an opened gift wrap becomes our update. Pure: the same message gives the same key from every relay and in every
 * wrap (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Media, MessagePart } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import { cleanText } from "../../lib/markdown/index.ts";
import type { Keys } from "./keys.ts";
import { KIND, type Rumor, tagsOf } from "./wire.ts";

/** How a file is opened; kept with the message, for the message alone says it. */
export interface FileRef {
  readonly url: string;
  readonly key: string;
  readonly nonce: string;
  /** SHA-256 of what lies there, hex. */
  readonly hash?: string;
}

/** @returns undefined for what we said ourselves, for rooms of more than two, and for what is no message. */
export function translate(rumor: Rumor, keys: Keys, account: string): Update | undefined {
  const { pubkey, kind } = rumor;
  const room = new Set([pubkey, ...tagsOf(rumor, "p")]);
  if (pubkey === keys.me || room.size !== 2 || !room.has(keys.me)) return undefined;
  const npub = keys.toNpub(pubkey);
  const who = { address: addressOf(account, npub), sender: { id: npub }, direct: true, at: rumor.created_at * 1_000 };
  const about = tagsOf(rumor, "e").at(-1);
  if (kind === KIND.reaction) {
    if (about === undefined) return undefined;
    const emoji = rumor.content === "+" || rumor.content === "" ? "👍" : rumor.content === "-" ? "👎" : rumor.content.slice(0, 64);
    return { type: "reaction", key: `reaction:${npub}:${rumor.id}`, ...who, messageId: about, emoji, removed: false };
  }
  const parts = kind === KIND.file ? filePart(rumor) : kind === KIND.chat ? textPart(rumor) : [];
  if (parts.length === 0) return undefined;
  return {
    type: "message",
    key: `msg:${npub}:${rumor.id}`,
    ...who,
    messageId: rumor.id,
    message: { parts, ...(about === undefined ? {} : { replyTo: about }) },
    addressed: true,
  };
}

function textPart({ content }: Rumor): MessagePart[] {
  const text = cleanText(content).trim();
  return text === "" ? [] : [{ type: "text", text }];
}

/** NIP-17, kind 15. */
function filePart(rumor: Rumor): MessagePart[] {
  const [type = "application/octet-stream"] = tagsOf(rumor, "file-type");
  const [algorithm] = tagsOf(rumor, "encryption-algorithm");
  const [key = ""] = tagsOf(rumor, "decryption-key");
  const [nonce = ""] = tagsOf(rumor, "decryption-nonce");
  const [hash] = tagsOf(rumor, "x");
  const size = Number(tagsOf(rumor, "size")[0] ?? "");
  const url = rumor.content.trim();
  const name = URL.parse(url)?.pathname.split("/").at(-1)?.slice(0, 200);
  const kind = type.startsWith("audio/") ? "audio" : type.startsWith("video/") ? "video" : /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
  const about = { kind, type: type.slice(0, 100), ...(name === undefined || name === "" ? {} : { name }), ...(size > 0 ? { size } : {}) } as const;
  const readable =
    /^https?:\/\//i.test(url) && url.length <= 2_000 && (algorithm === undefined || algorithm.toLowerCase() === "aes-gcm") && isHex(key) && isHex(nonce);
  const ref: FileRef = { url, key, nonce, ...(hash === undefined ? {} : { hash }) };
  const media: Media = readable ? { ...about, ref: JSON.stringify(ref) } : { ...about, missing: "it is encrypted in a way that cannot be opened here" };
  return [{ type: "media", media }];
}

function isHex(text: string): boolean {
  return /^([0-9a-f]{2}){8,64}$/i.test(text);
}

export function addressOf(account: string, npub: string): Address {
  return { channel: "nostr", account, conversation: npub };
}
