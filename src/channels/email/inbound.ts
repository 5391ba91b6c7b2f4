/**
 * The step "email/inbound" of the hall (house.md section 2): one mail becomes our update. Pure. Decides nothing about who may do what; that is turn/receive. It does decide
 * who somebody is: an address with DMARC, nobody without.
 */
import type { Media, MessagePart } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import { cleanText } from "../../lib/markdown/index.ts";
import { automatic, hasDmarcPass, type Headers, isMachine, messageIds } from "./headers.ts";
import { htmlToText, withoutQuote } from "./text.ts";

/** One mail, as far as it is read before admission: its head, its words, what hangs on it. */
export interface Mail {
  readonly uid: number;
  readonly uidValidity: string;
  readonly headers: Headers;
  /** From, as the server has parsed it. */
  readonly from: readonly { readonly name?: string | undefined; readonly address?: string | undefined }[];
  readonly subject: string;
  /** When our server took it, wall milliseconds. */
  readonly at: number;
  readonly text?: { readonly type: "plain" | "html"; readonly words: string } | undefined;
  readonly attachments: readonly { readonly part: string; readonly type: string; readonly name?: string | undefined; readonly size?: number | undefined }[];
}

export interface InboundContext {
  readonly account: string;
  /** Our own address. */
  readonly address: string;
  readonly authservId: string;
  readonly acceptUnverified: boolean;
}

/** What a thread needs for an answer. */
export interface ThreadHead {
  readonly subject: string;
  readonly lastId: string | undefined;
  readonly references: readonly string[];
}

export type Translated = { readonly update: Update; readonly thread: ThreadHead } | { readonly skipped: string };

export function translate(mail: Mail, context: InboundContext): Translated {
  const { headers } = mail;
  const [from] = mail.from;
  const address = from?.address?.toLowerCase() ?? "";
  // Two senders, or two fields of them, are a way to show one and prove the other (RFC 7489 section 6.6.1).
  if (mail.from.length !== 1 || (headers.get("from") ?? []).length !== 1 || !/^[^\s<>@,;:"]+@[^\s<>@,;:"]+$/.test(address))
    return { skipped: "no single sender" };
  if (address === context.address) return { skipped: "our own" };
  const machine = automatic(headers) ?? (isMachine(address) ? "machine" : undefined);
  if (machine !== undefined) return { skipped: machine };
  const verified = hasDmarcPass(headers, { authservId: context.authservId, domain: address.slice(address.indexOf("@") + 1) });
  if (!verified && !context.acceptUnverified) return { skipped: "sender not proved" };
  const [messageId] = messageIds(headers.get("message-id")?.[0]);
  const references = [...new Set([...messageIds(headers.get("references")?.[0]), ...messageIds(headers.get("in-reply-to")?.[0])])];
  const root = references[0] ?? messageId ?? `uid:${mail.uidValidity}:${mail.uid}`;
  const { parts, quote } = contentOf(mail);
  const name = from?.name?.trim();
  const own = messageId ?? `uid:${mail.uidValidity}:${mail.uid}`;
  return {
    thread: { subject: mail.subject, lastId: messageId, references: [...references, ...(messageId === undefined ? [] : [messageId])] },
    update: {
      type: "message",
      // Somebody else may repeat a mail's id; with the sender in it, that is not ours to lose.
      key: `msg:${address}:${own}`,
      address: { channel: "email", account: context.account, conversation: address, thread: root },
      sender: { id: verified ? address : `unverified:${address}`, ...(name === undefined || name === "" ? {} : { name: cleanText(name).slice(0, 100) }) },
      direct: true,
      at: mail.at,
      messageId: own,
      message: {
        parts,
        ...(references.length === 0 ? {} : { replyTo: references.at(-1)! }),
        ...(quote === undefined ? {} : { quote: { text: quote } }),
      },
      addressed: true,
    },
  };
}

function contentOf(mail: Mail): { parts: MessagePart[]; quote: string | undefined } {
  const written = mail.text === undefined ? "" : mail.text.type === "html" ? htmlToText(mail.text.words) : mail.text.words;
  const { text, quote } = withoutQuote(cleanText(written));
  const parts: MessagePart[] = mail.attachments.map((file) => ({ type: "media", media: mediaOf(file, mail) }));
  // The first mail of a thread says what it is about; below that everybody knows.
  const subject = /^(re|aw|sv|antw)\s*:/i.test(mail.subject) ? "" : cleanText(mail.subject).trim();
  const words = [subject === "" || subject === text ? "" : `Subject: ${subject}`, text].filter((piece) => piece !== "").join("\n\n");
  if (words !== "") parts.push({ type: "text", text: words });
  if (parts.length === 0) parts.push({ type: "text", text: "(empty mail)" });
  return { parts, quote };
}

function mediaOf(file: Mail["attachments"][number], { uid, uidValidity }: Mail): Media {
  const kind = /^image\/(png|jpeg|gif|webp)$/.test(file.type)
    ? "photo"
    : file.type.startsWith("audio/")
      ? "audio"
      : file.type.startsWith("video/")
        ? "video"
        : "document";
  return {
    kind,
    ref: `${uidValidity}:${uid}:${file.part}`,
    type: file.type,
    ...(file.name === undefined ? {} : { name: file.name.slice(0, 200) }),
    ...(file.size === undefined ? {} : { size: file.size }),
  };
}
