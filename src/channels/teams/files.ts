/** Files in both directions: fetched after admission; pictures shown in the message, everything else offered, and handed over when the person says yes. */
import { MAX_BLOB_BYTES, type BlobInfo } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { isSignedHex, signHex } from "../../lib/hmac/index.ts";
import type { TeamsAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { Place } from "./references.ts";
import { CONSENT_CARD, FILE_CARD, type WireFileConsent } from "./wire.ts";

/** Pictures in messages (learn.microsoft.com, "Messages in bot conversations": 1 MB, PNG, JPEG or GIF). */
const MAX_PICTURE = 1_000_000;
const PICTURE = /^image\/(png|jpeg|gif)$/;

/** @throws ChannelError */
export async function fetchMedia({ api }: TeamsAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const [, kind, url] = /^(file|picture) (.*)$/s.exec(media.ref ?? "") ?? [];
  if (url === undefined) throw new ChannelError("teams_no_file", "the media has no address", "permanent", { hint: "Send the file again" });
  try {
    const { bytes, type } = await (kind === "file" ? api.file : api.picture)(url, MAX_BLOB_BYTES, signal);
    return { bytes, type: media.type ?? (type === "" ? "application/octet-stream" : type), ...(media.name === undefined ? {} : { name: media.name }) };
  } catch (error) {
    throw toChannelError(error, "repeatable");
  }
}

/** What shows or offers a stored file. @throws ChannelError where Teams lets no bot hand files over */
export async function fileAttachment(account: TeamsAccount, media: Media, { conversation, kind }: Place): Promise<object> {
  const { deps, config } = account;
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const name = nameOf(media, blob);
  if (PICTURE.test(blob.type) && blob.size <= MAX_PICTURE)
    return { contentType: blob.type, name, contentUrl: `data:${blob.type};base64,${Buffer.from(blob.bytes).toString("base64")}` };
  if (kind !== "personal" && !conversation.startsWith("a:"))
    throw new ChannelError("teams_no_files_here", "bots may hand over files in personal chats only", "permanent", {
      hint: "Ask for the file in the personal chat with the bot; pictures (PNG, JPEG, GIF) of up to 1 MB go everywhere",
    });
  if (blob.size === 0) throw new ChannelError("teams_refused", "Teams takes no empty files", "permanent", { hint: "Send a file with something in it" });
  const context = { blob: blob.id, name, proof: await signHex(config.app_password, boundBytes(conversation, blob.id)) };
  return { contentType: CONSENT_CARD, name, content: { description: name, sizeInBytes: blob.size, acceptContext: context, declineContext: context } };
}

function nameOf(media: Media, blob: BlobInfo): string {
  const name = (media.name ?? blob.name ?? "").replace(/["*:<>?/\\|\p{Cc}]/gu, "_").trim();
  return name === "" ? `file${EXTENSIONS[blob.type] ?? ""}` : name.slice(0, 200);
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/webp": ".webp",
  "audio/ogg": ".ogg",
  "audio/mpeg": ".mp3",
  "video/mp4": ".mp4",
  "application/pdf": ".pdf",
  "text/plain": ".txt",
};

/** The consent comes back by way of the person's client, which could name another file: only what was offered in this chat is handed over. */
function boundBytes(conversation: string, blob: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(["teams-file", conversation, blob]));
}

/**
 * The person has said yes: the bytes go where Teams tells us, and the offer becomes the file itself (learn.microsoft.com, "Send and receive files using bot").
 * @returns false when this was not offered here
 * @throws ChannelError, TeamsFailure, HttpFailure, NotAllowed
 */
export async function handOver(
  account: TeamsAccount,
  { context, uploadInfo }: WireFileConsent,
  offer: { conversation: string; messageId: string | undefined; signal: AbortSignal },
): Promise<boolean> {
  const { api, deps, config, references } = account;
  const { blob: id, proof } = context ?? {};
  if (typeof id !== "string" || typeof proof !== "string" || typeof uploadInfo?.uploadUrl !== "string") return false;
  if (!(await isSignedHex(config.app_password, boundBytes(offer.conversation, id), proof))) return false;
  const blob = await deps.blobs.get(id);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${id} is not stored any more`, "permanent", { hint: "Ask for it again" });
  await api.upload(uploadInfo.uploadUrl, blob.bytes, offer.signal);
  if (offer.messageId === undefined) return true;
  const { name = "file", contentUrl, uniqueId, fileType } = uploadInfo;
  const { serviceUrl } = await references.find(offer.conversation);
  const path = `/v3/conversations/${encodeURIComponent(offer.conversation)}/activities/${encodeURIComponent(offer.messageId)}`;
  const attachments = [{ contentType: FILE_CARD, name, contentUrl, content: { uniqueId, fileType } }];
  try {
    await api.call("PUT", path, { serviceUrl, body: { type: "message", id: offer.messageId, attachments }, signal: offer.signal });
  } catch (error) {
    deps.log.warn("teams: the file is handed over, its card is not", { error: toChannelError(error, "repeatable") });
  }
  return true;
}
