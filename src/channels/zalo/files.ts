/** Files in both directions: Zalo hands out addresses, and takes one of a picture (bot.zaloplatforms.com/docs/apis/sendPhoto); never bytes. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure, type UntrustedResponse } from "../../core/http.ts";
import type { Media } from "../../core/message.ts";
import { sniff } from "../../lib/file-type/index.ts";
import type { ZaloAccount } from "./account.ts";

/** The vendor names no limit; this is the one that clients keep. What is larger goes as a link. */
const MAX_PHOTO_BYTES = 5_000_000;
const MAX_NAME = 200;

/** @param media its `ref` is an address that a post has named, so it is fetched as what nobody vouches for. @throws ChannelError */
export async function fetchMedia({ deps }: ZaloAccount, { kind, ref, name }: Media, signal: AbortSignal): Promise<FetchedMedia> {
  if (ref === undefined) throw gone("the media has no address");
  let answer: UntrustedResponse;
  try {
    answer = await deps.untrusted.getUntrusted({ url: ref, signal, maxBytes: MAX_BLOB_BYTES });
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    if (error.kind === "refused") throw gone(error.message, error);
    throw new ChannelError("zalo_file_unreachable", `the file's server did not answer: ${error.message}`, "retry", { cause: error });
  }
  if (answer.status >= 500 || answer.status === 429) throw new ChannelError("zalo_file_unreachable", `the file was answered ${answer.status}`, "retry");
  if (answer.status !== 200) throw gone(`the file was answered ${answer.status}`);
  if (answer.cut) throw new ChannelError("zalo_file_too_big", "the file is too big", "permanent", { hint: "Files of up to 20 MB can be fetched" });
  // The servers' words and the names are anybody's.
  const type = sniff(answer.bytes);
  if (type?.startsWith(kind === "voice" ? "audio/" : "image/") !== true) throw gone("behind its address lies something else");
  return { bytes: answer.bytes, type, ...(name === undefined ? {} : { name }) };
}

function gone(why: string, cause?: unknown): ChannelError {
  return new ChannelError("zalo_no_file", why, "permanent", { hint: "Ask for the file again", cause });
}

/** How a stored file goes: a picture as such, everything else as a text with its link. @throws ChannelError */
export async function fileCall({ config, deps, links }: ZaloAccount, media: Media): Promise<{ readonly photo: string } | { readonly text: string }> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  if (config.public_url === undefined)
    throw new ChannelError("zalo_no_public_url", "Zalo cannot fetch files from this gateway", "permanent", { hint: "Set channels.zalo.public_url" });
  const link = await links.to(config.public_url, blob.id);
  if (/^image\/(png|jpeg)$/.test(blob.type) && blob.size <= MAX_PHOTO_BYTES) return { photo: link };
  return { text: `${(media.name ?? blob.name ?? "file").slice(0, MAX_NAME).toWellFormed()}\n${link}` };
}
