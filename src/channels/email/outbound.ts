/** The last step of the hall (house.md section 2): one mail. Always true: it goes to the one address of the conversation and to nobody else, whatever the mail that is answered asks for. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { clip } from "../../lib/plain-text/index.ts";
import { toHex } from "../../lib/hex/index.ts";
import { type EmailAccount, rememberThread } from "./account.ts";
import type { ThreadHead } from "./inbound.ts";
import type { EmailPayload } from "./render.ts";
import { type Attachment, submit } from "./submit.ts";

/** Most servers take 25 MB, of which base64 is a third. */
const MAX_FILES_BYTES = 18_000_000;
/** Long lists of references are shortened from the middle (RFC 5322 section 3.6.4 asks for the first and the last). */
const MAX_REFERENCES = 20;

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

export function createOutbound(account: EmailAccount): Outbound {
  const { deps, config, timing } = account;
  return {
    async send(part, { address, nonce, signal }) {
      const to = address.conversation;
      if (!/^[^\s<>@,;:"]+@[^\s<>@,;:"]+$/.test(to)) throw new ChannelError("email_refused", "not a mail address", "permanent", { hint: "Check the address" });
      const payload = part.payload as EmailPayload;
      const attachments = await attachmentsOf(account, payload.media);
      const head = address.thread === undefined ? undefined : await headOf(account, address.thread);
      const messageId = await idOf(nonce, config.address);
      const root = address.thread?.startsWith("<") ? address.thread : undefined;
      const references = head?.references ?? (root === undefined ? [] : [root]);
      const mail = {
        to,
        subject: subjectOf(head?.subject, part.text),
        messageId,
        inReplyTo: head?.lastId ?? root,
        references: references.length <= MAX_REFERENCES ? references : [references[0]!, ...references.slice(1 - MAX_REFERENCES)],
        text: part.text,
        html: payload.html,
        attachments,
        date: deps.clock.now(),
      };
      await submit(config, mail, { answerMs: timing.answerMs, signal });
      if (address.thread !== undefined)
        rememberThread(account, address.thread, { subject: mail.subject, lastId: messageId, references: [...references, messageId] });
      return { messageId };
    },
    async fetchMedia(media) {
      const [uidValidity, uid, part] = (media.ref ?? "").split(":");
      const { mailbox } = account;
      const gone = () =>
        new ChannelError("email_no_file", "the mail with this file is not in the mailbox any more", "permanent", { hint: "Ask for the file again" });
      if (part === undefined) throw gone();
      if (mailbox === undefined) throw new ChannelError("email_unreachable", "not connected to the IMAP server", "retry");
      if (mailbox.uidValidity !== uidValidity) throw gone();
      const bytes = await mailbox.part(Number(uid), part, MAX_BLOB_BYTES).catch((error: unknown) => {
        throw new ChannelError("email_unreachable", error instanceof Error ? error.message : String(error), "retry", { cause: error });
      });
      if (bytes === undefined) throw gone();
      if (bytes.length > MAX_BLOB_BYTES)
        throw new ChannelError("email_file_too_big", "the file is too big", "permanent", { hint: "Files of up to 20 MB can be fetched" });
      return { bytes, type: media.type ?? "application/octet-stream", ...(media.name === undefined ? {} : { name: media.name }) };
    },
  };
}

/** From memory, else from the mailbox: after a restart the thread is still there. */
async function headOf(account: EmailAccount, root: string): Promise<ThreadHead | undefined> {
  const known = account.threads.get(root);
  if (known !== undefined || account.mailbox === undefined || !root.startsWith("<")) return known;
  try {
    const found = await account.mailbox.thread(root);
    if (found !== undefined) rememberThread(account, root, found);
    return found;
  } catch (error) {
    // The answer is worth more than its subject.
    account.deps.log.info("email: a thread could not be looked up", { error });
    return undefined;
  }
}

function subjectOf(subject: string | undefined, text: string): string {
  const line = (subject ?? "").replace(/[\r\n]+/g, " ").trim();
  if (line !== "") return /^(re|aw|sv|antw)\s*:/i.test(line) ? line : `Re: ${line}`;
  return clip(text.trim().split("\n", 1)[0]!.trim(), 70);
}

/** The same part bears the same id however often it is sent, so that a mail that comes twice can be known as one. */
async function idOf(nonce: string, address: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${address} ${nonce}`)));
  return `<${toHex(digest.subarray(0, 16))}@${address.slice(address.indexOf("@") + 1)}>`;
}

async function attachmentsOf({ deps }: EmailAccount, files: readonly Media[]): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  for (const media of files) {
    const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
    if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
    attachments.push({ filename: media.name ?? blob.name ?? "file", contentType: blob.type, content: blob.bytes });
  }
  if (attachments.reduce((size, { content }) => size + content.length, 0) > MAX_FILES_BYTES)
    throw new ChannelError("email_file_too_big", "the files are too big for a mail", "permanent", { hint: "Together they may have 18 MB" });
  return attachments;
}
