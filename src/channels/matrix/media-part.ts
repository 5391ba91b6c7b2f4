import type { Media, MessagePart } from "../../core/message.ts";
import type { Content, WireEncryptedFile } from "./wire.ts";

const MAX_NAME = 200;

/**
 * A file of a message, and its caption where it has one: since v1.10 `body` is a caption when `filename` says how the file is called.
 * @returns nothing when no file is named.
 */
export function mediaPart(content: Content, kind: Media["kind"]): MessagePart[] {
  const { body, filename, url, file, info } = content as { body?: unknown; filename?: unknown; url?: unknown; file?: WireEncryptedFile | null; info?: unknown };
  const encrypted = typeof file === "object" && file !== null && typeof file.url === "string";
  if (!encrypted && typeof url !== "string") return [];
  const { mimetype, size, duration } = (typeof info === "object" && info !== null ? info : {}) as { mimetype?: unknown; size?: unknown; duration?: unknown };
  const name = [filename, body].find((one) => typeof one === "string" && one !== "") as string | undefined;
  const caption = typeof body === "string" && typeof filename === "string" && body !== filename ? body.trim() : "";
  const media: Media = {
    kind,
    ref: encrypted ? JSON.stringify({ url: file.url, key: file.key, iv: file.iv, hashes: file.hashes, v: file.v }) : (url as string),
    ...(name === undefined ? {} : { name: name.slice(0, MAX_NAME) }),
    ...(typeof mimetype === "string" && mimetype !== "" ? { type: mimetype.slice(0, 100) } : {}),
    ...(typeof size === "number" && size >= 0 ? { size } : {}),
    ...(typeof duration === "number" && duration > 0 ? { duration: duration / 1_000 } : {}),
  };
  return [{ type: "media", media }, ...(caption === "" ? [] : [{ type: "text" as const, text: caption }])];
}
