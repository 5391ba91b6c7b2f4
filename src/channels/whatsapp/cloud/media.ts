/** A stored file as the content of a message: uploaded first, which nobody sees. */
import { ChannelError } from "../../../core/errors.ts";
import type { Media } from "../../../core/message.ts";
import { newBoundary } from "../../../lib/multipart/index.ts";
import type { CloudAccount } from "./account.ts";

const MB = 1_000_000;

/** What is shown as itself, and how big it may be (Cloud API, "Supported media types"); anything else goes as a document. */
const SHOWN: readonly { readonly as: "image" | "video" | "audio" | "sticker"; readonly types: RegExp; readonly limit: number }[] = [
  { as: "image", types: /^image\/(jpeg|png)$/, limit: 5 * MB },
  { as: "video", types: /^video\/(mp4|3gpp)$/, limit: 16 * MB },
  { as: "audio", types: /^audio\/(aac|amr|mpeg|mp4|ogg)$/, limit: 16 * MB },
  { as: "sticker", types: /^image\/webp$/, limit: 100_000 },
];

/** All that the upload takes: its refusal (code 100) lists them. Anything that is text inside is taken as text/plain, and keeps its name. */
const TAKEN =
  /^(audio\/(aac|mp4|mpeg|amr|ogg|opus)|image\/(jpeg|png|webp)|video\/(mp4|3gpp)|text\/plain|application\/(pdf|msword|vnd\.ms-(powerpoint|excel)|vnd\.openxmlformats-officedocument\.(wordprocessingml\.document|presentationml\.presentation|spreadsheetml\.sheet)))$/;
const TEXTUAL = /^(text\/.+|application\/(json|xml|yaml|toml|x-yaml|x-sh|javascript|sql|.+\+(json|xml)))$/;

/** @throws ChannelError, GraphFailure, HttpFailure: nothing was sent */
export async function mediaContent({ api, deps }: CloudAccount, media: Media, signal: AbortSignal): Promise<object> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const type = uploadType(blob.type);
  const name = media.name ?? blob.name ?? "file";
  const { as } = SHOWN.find(({ types, limit }) => types.test(type) && blob.size <= limit) ?? { as: "document" as const };
  const id = await api.upload({ name, type, bytes: blob.bytes, boundary: newBoundary(deps.random) }, signal);
  const voice = as === "audio" && media.kind === "voice" && type === "audio/ogg";
  return { type: as, [as]: { id, ...(as === "document" ? { filename: name } : {}), ...(voice ? { voice: true } : {}) } };
}

/** Without its parameters: a type with any, such as `; codecs=opus`, is refused. @throws ChannelError for what WhatsApp does not take */
function uploadType(type: string): string {
  const bare = type.split(";", 1)[0]!.trim().toLowerCase();
  if (TAKEN.test(bare)) return bare;
  if (TEXTUAL.test(bare)) return "text/plain";
  throw new ChannelError("whatsapp_file_refused", `WhatsApp takes no files of the type ${bare}`, "permanent", {
    hint: "Send it as PDF, Office document, text, JPEG, PNG, MP4, MP3 or Ogg",
  });
}
