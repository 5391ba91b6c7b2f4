import type { Message as TelegramMessage, MessageOrigin } from "@grammyjs/types";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import { repliedMessage } from "./addressed.ts";

/**
 * What a Telegram message says. A forwarded text is somebody else's: it becomes the quote, never the sender's own words or command (sec-38).
 * @returns undefined for service messages (somebody joined, a title changed ...).
 */
export function contentOf(message: TelegramMessage): Message | undefined {
  const own = [...mediaParts(message), ...otherParts(message)];
  const text = message.text ?? message.caption;
  if (own.length === 0 && text === undefined) return undefined;
  if (message.forward_origin !== undefined) {
    const quote = text === undefined ? {} : { quote: { sender: originName(message.forward_origin), text: withLinks(message, text) } };
    return { parts: [{ type: "text", text: "(forwarded message)" }, ...own], ...quote };
  }
  const parts: MessagePart[] = text === undefined || text === "" ? own : [...own, { type: "text", text: withLinks(message, text) }];
  return { parts, ...reply(message) };
}

function reply(message: TelegramMessage): Pick<Message, "replyTo" | "quote"> {
  const replied = repliedMessage(message);
  const text = message.quote?.text ?? replied?.text ?? replied?.caption ?? message.external_reply?.poll?.question;
  const sender = replied?.sender_chat === undefined ? replied?.from?.first_name : "title" in replied.sender_chat ? replied.sender_chat.title : undefined;
  return {
    ...(replied === undefined ? {} : { replyTo: String(replied.message_id) }),
    ...(text === undefined ? {} : { quote: { ...(sender === undefined ? {} : { sender }), text, ...(isOwn(message, replied) ? { own: true } : {}) } }),
  };
}

/** In a private chat both sides know everything that was said there, unless it was brought in from elsewhere. */
function isOwn(message: TelegramMessage, replied: ReturnType<typeof repliedMessage>): boolean {
  if (message.chat.type !== "private" || message.external_reply !== undefined || replied === undefined) return false;
  return !("forward_origin" in replied && replied.forward_origin !== undefined);
}

function originName(origin: MessageOrigin): string {
  switch (origin.type) {
    case "user":
      return [origin.sender_user.first_name, origin.sender_user.last_name].filter(Boolean).join(" ");
    case "hidden_user":
      return origin.sender_user_name;
    case "chat":
      return "title" in origin.sender_chat ? (origin.sender_chat.title ?? "a chat") : "a chat";
    default:
      return origin.chat.title;
  }
}

/** The target of a link that hides behind words would be lost otherwise. */
function withLinks(message: TelegramMessage, text: string): string {
  let result = text;
  const links = [...(message.entities ?? message.caption_entities ?? [])].filter((entity) => entity.type === "text_link");
  for (const link of links.toSorted((a, b) => b.offset - a.offset)) {
    const end = link.offset + link.length;
    if (text.slice(link.offset, end) !== link.url) result = `${result.slice(0, end)} (${link.url})${result.slice(end)}`;
  }
  return result;
}

interface File {
  readonly file_id: string;
  readonly file_size?: number;
  readonly file_name?: string;
  readonly mime_type?: string;
  readonly duration?: number;
}

function media(kind: Media["kind"], file: File, type?: string): MessagePart {
  const mime = file.mime_type ?? type;
  return {
    type: "media",
    media: {
      kind,
      ref: file.file_id,
      ...(file.file_name === undefined ? {} : { name: file.file_name }),
      ...(mime === undefined ? {} : { type: mime }),
      ...(file.file_size === undefined ? {} : { size: file.file_size }),
      ...(file.duration === undefined ? {} : { duration: file.duration }),
    },
  };
}

/** An animation also comes as a document; it is one file. */
function mediaParts(message: TelegramMessage): MessagePart[] {
  if (message.animation !== undefined) return [media("video", message.animation, "video/mp4")];
  if (message.document !== undefined) return [media("document", message.document)];
  if (message.voice !== undefined) return [media("voice", message.voice, "audio/ogg")];
  if (message.audio !== undefined) return [media("audio", message.audio, "audio/mpeg")];
  if (message.video !== undefined) return [media("video", message.video, "video/mp4")];
  if (message.video_note !== undefined) return [media("video", message.video_note, "video/mp4")];
  const photos = message.photo ?? message.live_photo?.photo;
  if (photos !== undefined && photos.length > 0) {
    const largest = photos.reduce((best, size) => (size.width * size.height > best.width * best.height ? size : best));
    return [media("photo", largest, "image/jpeg")];
  }
  if (message.sticker !== undefined) {
    const { sticker } = message;
    const type = sticker.is_animated ? "application/x-tgsticker" : sticker.is_video ? "video/webm" : "image/webp";
    return [media("sticker", { ...sticker, ...(sticker.emoji === undefined ? {} : { file_name: sticker.emoji }) }, type)];
  }
  return [];
}

function otherParts(message: TelegramMessage): MessagePart[] {
  // A venue also comes as a location; it is one place.
  const place = message.venue?.location ?? message.location;
  if (place !== undefined) {
    const name = message.venue === undefined ? undefined : [message.venue.title, message.venue.address].filter(Boolean).join(", ");
    return [{ type: "location", latitude: place.latitude, longitude: place.longitude, ...(name === undefined ? {} : { name }) }];
  }
  if (message.contact !== undefined) {
    const { contact } = message;
    return [{ type: "contact", name: [contact.first_name, contact.last_name].filter(Boolean).join(" "), phone: contact.phone_number }];
  }
  if (message.poll !== undefined) return [{ type: "poll", question: message.poll.question, options: message.poll.options.map((option) => option.text) }];
  if (message.dice !== undefined) return [{ type: "text", text: `${message.dice.emoji} ${message.dice.value}` }];
  return unreadable(message);
}

/** Content that our model of a message has no form for: the assistant should know that something came. */
function unreadable(message: TelegramMessage): MessagePart[] {
  const kind = (["rich_message", "checklist", "story", "paid_media", "game"] as const).find((name) => message[name] !== undefined);
  return kind === undefined ? [] : [{ type: "text", text: `[a ${kind.replace("_", " ")}, which cannot be read here]` }];
}
