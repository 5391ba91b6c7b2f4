/** Files in both directions: fetched after admission, uploaded from blobs. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { newBoundary } from "../../lib/multipart/index.ts";
import type { FeishuAccount } from "./account.ts";
import { type FeishuApi, FeishuFailure } from "./api.ts";
import { parseRef } from "./content.ts";
import { toChannelError } from "./failure.ts";

/** "Upload an image": 10 MB, and these formats among others. */
const MAX_IMAGE_BYTES = 10_000_000;
const IMAGE = /^image\/(jpeg|png|webp|gif|bmp)$/;

/** @param media its `ref` names the message and the file in it. @throws ChannelError */
export async function fetchMedia({ api }: FeishuAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const ref = media.ref === undefined ? undefined : parseRef(media.ref);
  if (ref === undefined) throw new ChannelError("feishu_no_file", "the media has no key", "permanent", { hint: "Ask for the file again" });
  try {
    const path = `/im/v1/messages/${encodeURIComponent(ref.messageId)}/resources/${encodeURIComponent(ref.key)}?type=${ref.type}`;
    const { bytes, type } = await api.download(path, MAX_BLOB_BYTES, signal);
    return { bytes, type: type === "" ? "application/octet-stream" : type, ...(media.name === undefined ? {} : { name: media.name }) };
  } catch (error) {
    throw toChannelError(error);
  }
}

/** Uploads a file: nobody sees it before it is sent, so this may be repeated. @returns the message that shows it. @throws FeishuFailure, HttpFailure, ChannelError */
export async function fileMessage({ api, deps }: FeishuAccount, media: Media, signal: AbortSignal): Promise<{ msg_type: string; content: string }> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  if (blob.size === 0) throw new ChannelError("feishu_refused", "Feishu takes no empty files", "permanent", { hint: "Send a file with something in it" });
  const boundary = newBoundary(deps.random);
  const filename = media.name ?? blob.name ?? "file";
  const file = { filename, type: blob.type, bytes: blob.bytes };
  const image_key = IMAGE.test(blob.type) && blob.size <= MAX_IMAGE_BYTES ? await uploadImage(api, file, { boundary, signal }) : undefined;
  if (image_key !== undefined) return { msg_type: "image", content: JSON.stringify({ image_key }) };
  const { file_type, msg_type } = wayOf(blob.type);
  const duration = media.duration === undefined ? [] : [{ name: "duration", value: String(Math.round(media.duration * 1_000)) }];
  const parts = [{ name: "file_type", value: file_type }, { name: "file_name", value: filename }, ...duration, { name: "file", ...file }];
  const { data } = await api.upload<{ data: { file_key: string } }>("/im/v1/files", parts, { boundary, signal });
  return { msg_type, content: JSON.stringify({ file_key: data.file_key }) };
}

/** "Upload an image": it is no picture to Feishu, or has more than 12000 x 12000 dots (a GIF 2000 x 2000). As a file it is taken. */
const NO_IMAGE = new Set([234006, 234011, 234039]);

/** @returns undefined for a picture that Feishu does not show. @throws FeishuFailure, HttpFailure */
async function uploadImage(
  api: FeishuApi,
  file: { filename: string; type: string; bytes: Uint8Array },
  options: { boundary: string; signal: AbortSignal },
): Promise<string | undefined> {
  try {
    const parts = [
      { name: "image_type", value: "message" },
      { name: "image", ...file },
    ];
    return (await api.upload<{ data: { image_key: string } }>("/im/v1/images", parts, options)).data.image_key;
  } catch (error) {
    if (error instanceof FeishuFailure && NO_IMAGE.has(error.code)) return undefined;
    throw error;
  }
}

const DOCUMENTS: readonly (readonly [RegExp, string])[] = [
  [/^application\/pdf$/, "pdf"],
  [/msword|wordprocessingml/, "doc"],
  [/ms-excel|spreadsheetml/, "xls"],
  [/ms-powerpoint|presentationml/, "ppt"],
];

/** The kind of an upload has to match the message that shows it (230055). */
function wayOf(type: string): { file_type: string; msg_type: string } {
  if (/^audio\/(ogg|opus)/.test(type)) return { file_type: "opus", msg_type: "audio" };
  if (type === "video/mp4") return { file_type: "mp4", msg_type: "media" };
  return { file_type: DOCUMENTS.find(([pattern]) => pattern.test(type))?.[1] ?? "stream", msg_type: "file" };
}
