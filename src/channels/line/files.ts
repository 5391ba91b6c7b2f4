/**
 * Files in both directions. LINE takes no bytes: a picture, film or sound is a message with the address of the file (Messaging API reference, "Image message" and its
 * neighbours), from which LINE and people fetch it. That address is our webhook's own, with a signature, so that nobody else's file can be asked for.
 */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { sleep } from "../../core/clock.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { createFileLinks, type FileLinks, fileResponse } from "../../lib/file-links/index.ts";
import type { LineAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { WireOutgoing } from "./wire.ts";

/** "Image message": originalContentUrl and previewImageUrl. */
const MAX_IMAGE_BYTES = 10_000_000;
const MAX_PREVIEW_BYTES = 1_000_000;
const MAX_NAME = 200;
/** Looks at a film that LINE prepares, before it is given up. */
const MAX_LOOKS = 20;
/** Instead of a blob's id: the picture that stands for a film, or for a photo too big to be its own preview. */
const PREVIEW = "preview";
/** A white triangle on grey, 64 x 64. */
const PREVIEW_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAABlBMVEVVW2b///+oFFCcAAAAU0lEQVR42s3Ruw3AIAxFUUQWZzSP4hFcurAgKXIpeAvg6sgC/KG166KDZ8OAgwQF1sYADgIUmOA//cFAgARTMiG3xvlySXWXDmWKlEnt3Ea/6bNeB1s1TlKOKjkAAAAASUVORK5CYII=";

/** @param media its `ref` is the message's id. @throws ChannelError */
export async function fetchMedia({ api, deps, timing }: LineAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const { ref, kind, name } = media;
  if (ref === undefined) throw new ChannelError("line_no_file", "the media has no message id", "permanent", { hint: "Ask for the file again" });
  try {
    if (kind === "video" || kind === "voice") {
      for (let look = 1; (await api.prepared(ref, signal)) === "processing"; look += 1) {
        if (look >= MAX_LOOKS || signal.aborted) throw new ChannelError("line_file_not_ready", "LINE still prepares the file", "retry");
        await sleep(deps.clock, timing.prepareMs, signal);
      }
    }
    const { bytes, type } = await api.download(ref, MAX_BLOB_BYTES, signal);
    return { bytes, type: type === "" ? "application/octet-stream" : type, ...(name === undefined ? {} : { name }) };
  } catch (error) {
    throw toChannelError(error);
  }
}

/** The message that shows a file as well as LINE can; what it has no message for goes as a link. @throws ChannelError */
export async function fileMessage(account: LineAccount, media: Media): Promise<WireOutgoing> {
  const blob = media.blob === undefined ? undefined : await account.deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const originalContentUrl = await linkTo(account, blob.id);
  if (/^image\/(jpeg|png)$/.test(blob.type) && blob.size <= MAX_IMAGE_BYTES) {
    return { type: "image", originalContentUrl, previewImageUrl: blob.size <= MAX_PREVIEW_BYTES ? originalContentUrl : await linkTo(account, PREVIEW) };
  }
  if (blob.type === "video/mp4") return { type: "video", originalContentUrl, previewImageUrl: await linkTo(account, PREVIEW) };
  // Without its length LINE takes no sound.
  if (/^audio\/(mpeg|mp4|x-m4a|m4a)$/.test(blob.type) && media.duration !== undefined)
    return { type: "audio", originalContentUrl, duration: Math.max(1, Math.round(media.duration * 1_000)) };
  const name = (media.name ?? blob.name ?? "file").slice(0, MAX_NAME).toWellFormed();
  return { type: "text", text: `${name}\n${originalContentUrl}` };
}

async function linkTo(account: LineAccount, file: string): Promise<string> {
  const { public_url } = account.config;
  if (public_url === undefined)
    throw new ChannelError("line_no_public_url", "LINE cannot fetch files from this gateway", "permanent", { hint: "Set channels.line.public_url" });
  return await links(account).to(public_url, file);
}

function links({ config, deps }: LineAccount): FileLinks {
  return createFileLinks({ secret: config.channel_secret, purpose: "line-file", account: config.account, clock: deps.clock });
}

/** A file to whoever has a link to it. @returns 200, 403 not signed or over, 404 no such file any more. */
export async function serveFile(account: LineAccount, url: URL): Promise<Response> {
  const file = await links(account).fileOf(url);
  if (file === undefined) return new Response(null, { status: 403 });
  if (file === PREVIEW)
    return fileResponse(
      Uint8Array.from(atob(PREVIEW_PNG), (character) => character.charCodeAt(0)),
      "image/png",
    );
  const blob = await account.deps.blobs.get(file);
  return blob === undefined ? new Response(null, { status: 404 }) : fileResponse(blob.bytes, blob.type, blob.name);
}
