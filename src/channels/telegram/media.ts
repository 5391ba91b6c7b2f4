/** Files in both directions: fetched after admission, uploaded from blobs. */
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import type { TelegramAccount } from "./account.ts";
import { type MethodName, TelegramFailure } from "./api.ts";
import { toChannelError } from "./failure.ts";

/** Bot API: getFile serves at most 20 MB; sendPhoto takes at most 10 MB, other files 50 MB. */
const MAX_FETCH_BYTES = 20_000_000;
const MAX_PHOTO_BYTES = 10_000_000;

/** @throws ChannelError */
export async function fetchMedia(account: TelegramAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  if (media.ref === undefined) throw new ChannelError("telegram_no_file", "the media has no file id", "permanent");
  if ((media.size ?? 0) > MAX_FETCH_BYTES) {
    throw new ChannelError("telegram_file_too_big", `the file has ${media.size} bytes`, "permanent", { hint: "Bots can fetch files of up to 20 MB" });
  }
  try {
    const file = await account.api.call("getFile", { file_id: media.ref }, { signal });
    if (file.file_path === undefined) throw new ChannelError("telegram_no_file", "getFile gave no path", "retry");
    const bytes = await account.api.download(file.file_path, MAX_FETCH_BYTES, { signal });
    const name = media.name ?? (media.kind === "sticker" ? undefined : file.file_path.split("/").at(-1));
    return { bytes, type: media.type ?? "application/octet-stream", ...(name === undefined ? {} : { name }) };
  } catch (error) {
    throw toChannelError(error, "repeatable");
  }
}

interface Way {
  readonly method: MethodName;
  readonly field: string;
}

const DOCUMENT: Way = { method: "sendDocument", field: "document" };

/**
 * Sends a file with the method that shows it best. @param common chat, thread, reply and caption parameters. A 400 on a photo (proportions, format) is
 * surely not delivered, so the same bytes go again as a document.
 * @returns the platform's message. @throws TelegramFailure, HttpFailure, ChannelError
 */
export async function sendMedia(account: TelegramAccount, media: Media, send: { common: Record<string, unknown>; signal: AbortSignal }): Promise<unknown> {
  const { common, signal } = send;
  const options = { signal };
  if (media.blob === undefined) {
    const way = wayOf(media.kind, media.type, 0);
    return await account.api.call(way.method, { ...common, [way.field]: media.ref } as never, options);
  }
  const blob = await account.deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent");
  const way = wayOf(media.kind, blob.type, blob.size);
  const upload = { field: way.field, bytes: blob.bytes, type: blob.type, name: media.name ?? blob.name ?? "file" };
  try {
    return await account.api.upload(way.method, common, upload, options);
  } catch (error) {
    if (
      !(error instanceof TelegramFailure) ||
      error.code !== 400 ||
      way === DOCUMENT ||
      !/photo|image|voice|sticker|file type|type of file/i.test(error.description)
    )
      throw error;
    return await account.api.upload(DOCUMENT.method, common, { ...upload, field: DOCUMENT.field }, options);
  }
}

/** What Telegram does not take as the kind it is meant to be is sent as a document, which takes anything. */
function wayOf(kind: Media["kind"], type: string | undefined, size: number): Way {
  const mime = type ?? "";
  if (kind === "photo" && size <= MAX_PHOTO_BYTES && mime !== "image/svg+xml") return { method: "sendPhoto", field: "photo" };
  if (kind === "voice" && /^audio\/(ogg|opus|mpeg|mp4|x-m4a)/.test(mime)) return { method: "sendVoice", field: "voice" };
  if ((kind === "audio" || kind === "voice") && /^audio\/(mpeg|mp4|x-m4a)/.test(mime)) return { method: "sendAudio", field: "audio" };
  if (kind === "video" && mime === "video/mp4") return { method: "sendVideo", field: "video" };
  if (kind === "sticker" && /^(image\/webp|video\/webm|application\/x-tgsticker)$/.test(mime)) return { method: "sendSticker", field: "sticker" };
  return DOCUMENT;
}
