/** Files in both directions: fetched after admission, uploaded from blobs. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import type { SlackAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { SlackFile } from "./wire.ts";

/** @param media its `ref` is the file's id. @throws ChannelError */
export async function fetchMedia({ api }: SlackAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  if (media.ref === undefined) throw new ChannelError("slack_no_file", "the media has no file id", "permanent");
  if ((media.size ?? 0) > MAX_BLOB_BYTES) throw tooBig(media.size);
  try {
    // Asked for each time: what the event said may be a stub (Slack Connect) and the file may have gone.
    const { file } = await api.call<{ file?: SlackFile }>("files.info", { file: media.ref }, { signal });
    const url = file?.url_private_download ?? file?.url_private;
    if (file === undefined || url === undefined) throw new ChannelError("slack_no_file", "Slack does not hand this file out", "permanent");
    if ((file.size ?? 0) > MAX_BLOB_BYTES) throw tooBig(file.size);
    const { bytes, type } = await api.download(url, MAX_BLOB_BYTES, { signal });
    const expected = file.mimetype ?? media.type;
    // Without the scope Slack answers 200 with the page of its login.
    if (type === "text/html" && expected !== "text/html") {
      throw new ChannelError("slack_scope_missing", "Slack handed out its login page instead of the file", "permanent", {
        hint: "Add the scope files:read and install the app anew",
      });
    }
    const name = file.name ?? media.name;
    return { bytes, type: expected ?? (type === "" ? "application/octet-stream" : type), ...(name === undefined ? {} : { name }) };
  } catch (error) {
    throw toChannelError(error, "repeatable");
  }
}

function tooBig(size: number | undefined): ChannelError {
  return new ChannelError("slack_file_too_big", `the file has ${size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
}

/** Bytes that Slack has and has not shown anywhere yet. */
export interface Uploaded {
  readonly id: string;
  readonly title: string;
}

/**
 * The first two of three steps (docs.slack.dev, "Working with files"): nothing is seen by anybody before `shareFile`, so these may be repeated.
 * @throws SlackFailure, HttpFailure, ChannelError
 */
export async function uploadFile({ api, deps }: SlackAccount, media: Media, signal: AbortSignal): Promise<Uploaded> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent");
  if (blob.size === 0) throw new ChannelError("slack_refused", "Slack takes no empty files", "permanent", { hint: "Send a file with something in it" });
  const title = media.name ?? blob.name ?? `file${EXTENSIONS[blob.type] ?? ""}`;
  const { upload_url: url, file_id: id } = await api.call<{ upload_url: string; file_id: string }>(
    "files.getUploadURLExternal",
    { filename: title, length: blob.bytes.length },
    { signal },
  );
  await api.upload(url, blob.bytes, { signal });
  return { id, title };
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/gif": ".gif",
  "image/webp": ".webp",
  "audio/ogg": ".ogg",
  "audio/mpeg": ".mp3",
  "video/mp4": ".mp4",
  "application/pdf": ".pdf",
  "text/plain": ".txt",
};

/** The third step posts it. @throws SlackFailure, HttpFailure */
export async function shareFile(
  { api }: SlackAccount,
  file: Uploaded,
  to: { channel: string; thread: string | undefined; signal: AbortSignal },
): Promise<void> {
  const args = { files: [file], channel_id: to.channel, ...(to.thread === undefined ? {} : { thread_ts: to.thread }) };
  await api.call("files.completeUploadExternal", args, { signal: to.signal });
}
