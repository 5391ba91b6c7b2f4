/** What a message holds, by its type ("Content of received messages"). Pure; never throws. */
import type { Media, MessagePart } from "../../core/message.ts";
import type { WireMention, WireMessage } from "./wire.ts";

/** How a file is asked for later: a message's resource. */
export interface FileRef {
  readonly messageId: string;
  readonly key: string;
  readonly type: "image" | "file";
}

export function refOf({ messageId, key, type }: FileRef): string {
  return `${type}:${messageId}:${key}`;
}

export function parseRef(ref: string): FileRef | undefined {
  const [, type, messageId, key] = /^(image|file):([^:]+):(.+)$/.exec(ref) ?? [];
  return type === undefined || messageId === undefined || key === undefined ? undefined : { type: type as FileRef["type"], messageId, key };
}

interface Known {
  readonly [field: string]: unknown;
}

/** @param me our own open_id: a mention of us at the beginning is the call, not the text. */
export function partsOf(message: WireMessage, me: string): MessagePart[] {
  const content = parse(message.content);
  const id = message.message_id ?? "";
  const mentions = message.mentions ?? [];
  const name = typeof content["file_name"] === "string" ? content["file_name"] : undefined;
  const duration = typeof content["duration"] === "number" ? content["duration"] : undefined;
  const media = (kind: Media["kind"], type: FileRef["type"], field: string): MessagePart[] => {
    const key = content[field];
    if (typeof key !== "string" || key === "") return [];
    return [
      {
        type: "media",
        media: {
          kind,
          ref: refOf({ messageId: id, key, type }),
          ...(name === undefined ? {} : { name }),
          ...(duration === undefined ? {} : { duration: Math.round(duration / 1_000) }),
        },
      },
    ];
  };
  switch (message.message_type) {
    case "text":
      return textPart(typeof content["text"] === "string" ? content["text"] : "", mentions, me);
    case "post":
      return postParts(content, { id, mentions, me });
    case "image":
      return media("photo", "image", "image_key");
    case "file":
      return media("document", "file", "file_key");
    case "audio":
      return media("voice", "file", "file_key");
    case "media":
      return media("video", "file", "file_key");
    case "sticker":
      return [{ type: "media", media: { kind: "sticker", missing: "Feishu hands out no pictures of stickers" } }];
    case "location":
      return locationPart(content);
    default:
      return message.message_type === undefined ? [] : [{ type: "text", text: `[${message.message_type}]` }];
  }
}

function textPart(written: string, mentions: readonly WireMention[], me: string): MessagePart[] {
  const text = withNames(written, mentions, me).trim();
  return text === "" ? [] : [{ type: "text", text }];
}

/** Mentions stand as `@_user_1` in the text. Ours goes from its beginning; the others are told by name, longest key first because `@_user_1` begins `@_user_11`. */
function withNames(written: string, mentions: readonly WireMention[], me: string): string {
  const known = mentions.filter(({ key }) => typeof key === "string" && key !== "").toSorted((a, b) => b.key!.length - a.key!.length);
  const ours = known.find(({ id, key }) => id?.open_id === me && written.trimStart().startsWith(key!));
  const rest =
    ours === undefined
      ? written
      : written
          .trimStart()
          .slice(ours.key!.length)
          .replace(/^[\s:,]+/, "");
  const text = rest.trim() === "" ? written : rest;
  return known.reduce((said, { key, name }) => said.replaceAll(key!, () => `@${name ?? "somebody"}`), text);
}

interface Post {
  readonly id: string;
  readonly mentions: readonly WireMention[];
  readonly me: string;
}

/** Rich text as Markdown, its pictures and films as parts of their own. */
function postParts(content: Known, { id, mentions, me }: Post): MessagePart[] {
  const files: MessagePart[] = [];
  const element = (one: Known): string => {
    const text = typeof one["text"] === "string" ? one["text"] : "";
    const key = one["tag"] === "img" ? one["image_key"] : one["file_key"];
    switch (one["tag"]) {
      case "a":
        return `[${text}](${String(one["href"])})`;
      case "at":
        return String(one["user_id"]).startsWith("@_") && one["user_id"] !== "@_all" ? String(one["user_id"]) : `@${String(one["user_name"] || "all")}`;
      case "emotion":
        return `:${String(one["emoji_type"])}:`;
      case "code_block":
        return `\`\`\`${String(one["language"] ?? "").toLowerCase()}\n${text}\n\`\`\``;
      case "hr":
        return "---";
      case "img":
      case "media": {
        const photo = one["tag"] === "img";
        if (typeof key === "string")
          files.push({ type: "media", media: { kind: photo ? "photo" : "video", ref: refOf({ messageId: id, key, type: photo ? "image" : "file" }) } });
        return "";
      }
      default:
        return text;
    }
  };
  const lines = (Array.isArray(content["content"]) ? content["content"] : []).map((line: unknown) =>
    Array.isArray(line) ? line.map((one) => element((one ?? {}) as Known)).join("") : "",
  );
  const title = typeof content["title"] === "string" ? content["title"].trim() : "";
  const text = [...(title === "" ? [] : [`**${title}**`, ""]), ...lines].join("\n");
  return [...textPart(text, mentions, me), ...files];
}

function locationPart({ latitude, longitude, name }: Known): MessagePart[] {
  const [lat, lon] = [Number(latitude), Number(longitude)];
  if (latitude === undefined || longitude === undefined || Number.isNaN(lat) || Number.isNaN(lon)) return [];
  return [{ type: "location", latitude: lat, longitude: lon, ...(typeof name === "string" && name !== "" ? { name } : {}) }];
}

function parse(content: string | undefined): Known {
  try {
    const value = JSON.parse(content ?? "{}") as unknown;
    return typeof value === "object" && value !== null ? (value as Known) : {};
  } catch {
    return {};
  }
}
