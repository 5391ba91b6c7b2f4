/** Files in both directions: fetched after admission, uploaded from blobs. */
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import type { DiscordAccount } from "./account.ts";
import { DiscordFailure, type Upload, USER_AGENT } from "./api.ts";
import { toChannelError } from "./failure.ts";

const MAX_FETCH_BYTES = 20_000_000;
/** Reference, Uploading Files: 10 MiB everywhere; boosted servers take more. */
const MAX_UPLOAD_BYTES = 10 * 1024 * 1024;
const FILE_HOSTS = ["https://cdn.discordapp.com", "https://media.discordapp.net"];

/** The URL came with a message, so only Discord's own file hosts are asked, and without the token. @throws ChannelError */
export async function fetchMedia({ config, deps }: DiscordAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const url = URL.parse(media.ref ?? "");
  if (url === null) throw new ChannelError("discord_no_file", "the media has no URL", "permanent");
  // A proxy of the owner's may hand out files itself.
  if (![...FILE_HOSTS, new URL(config.api_root).origin].includes(url.origin))
    throw new ChannelError("discord_no_file", `${url.origin} is no file host of Discord`, "permanent");
  if ((media.size ?? 0) > MAX_FETCH_BYTES) {
    throw new ChannelError("discord_file_too_big", `the file has ${media.size} bytes`, "permanent", { hint: "Files of up to 20 MB are fetched" });
  }
  try {
    const response = await deps.http.request({ baseUrl: url.origin, headers: { "user-agent": USER_AGENT } }, { path: url.pathname + url.search, signal });
    if (response.status !== 200) throw new DiscordFailure("download", { status: response.status, description: (await response.text(64_000)).slice(0, 200) });
    const bytes = await response.bytes(MAX_FETCH_BYTES);
    const type = media.type ?? response.headers["content-type"]?.split(";")[0] ?? "application/octet-stream";
    return { bytes, type, ...(media.name === undefined ? {} : { name: media.name }) };
  } catch (error) {
    throw toChannelError(error);
  }
}

/** @throws ChannelError when the file is gone or larger than Discord takes. */
export async function uploadOf({ deps }: DiscordAccount, media: Media): Promise<Upload> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent");
  if (blob.size > MAX_UPLOAD_BYTES)
    throw new ChannelError("discord_file_too_big", `the file has ${blob.size} bytes`, "permanent", { hint: "Bots can send files of up to 10 MiB" });
  return { bytes: blob.bytes, type: blob.type, name: media.name ?? blob.name ?? nameOf(blob.type) };
}

/** Discord shows a file by the ending of its name. */
function nameOf(type: string): string {
  const ending = /^(?:image|audio|video|text)\/([a-z0-9]{2,5})$/.exec(type)?.[1];
  return ending === undefined ? "file" : `file.${ending}`;
}
