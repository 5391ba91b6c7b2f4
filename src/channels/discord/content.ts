import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { WireAttachment, WireMessage } from "./wire.ts";

/** Message Reference Types. */
const FORWARD = 1;
/** Plain, reply, thread starter are people's words; everything else (joined, pinned, boosted ...) is the platform's. */
const SPOKEN: ReadonlySet<number> = new Set([0, 19]);

/**
 * What a Discord message says. A forwarded text is somebody else's: it becomes the quote, never the sender's own words or command (sec-38).
 * @param me our id: a mention of us is taken out of the beginning, so that `@bot /status` is `/status`.
 * @returns undefined for service messages.
 */
export function contentOf(message: WireMessage, me: string): Message | undefined {
  if (!SPOKEN.has(message.type ?? 0)) return undefined;
  const snapshot = message.message_reference?.type === FORWARD ? message.message_snapshots?.[0]?.message : undefined;
  const media = [...mediaParts(message), ...(snapshot === undefined ? [] : mediaParts(snapshot))];
  if (snapshot !== undefined) {
    const text = readable(snapshot, me);
    return { parts: [{ type: "text", text: "(forwarded message)" }, ...media], ...(text === "" ? {} : { quote: { text } }) };
  }
  const text = readable(message, me);
  const parts: MessagePart[] = [...media, ...pollParts(message), ...(text === "" ? [] : [{ type: "text" as const, text }])];
  if (parts.length === 0) return undefined;
  return { parts, ...reply(message, me) };
}

function reply(message: WireMessage, me: string): Pick<Message, "replyTo" | "quote"> {
  const id = message.message_reference?.message_id;
  const replied = message.referenced_message;
  const text = replied ? readable(replied, me) : "";
  const sender = replied?.author === undefined ? undefined : (replied.author.global_name ?? replied.author.username);
  const own = replied?.author !== undefined && (replied.author.id === me || replied.author.id === message.author?.id);
  return {
    ...(id === undefined ? {} : { replyTo: id }),
    ...(text === "" ? {} : { quote: { ...(sender === undefined ? {} : { sender }), text, ...(own ? { own } : {}) } }),
  };
}

/** Mentions by name instead of number; what bots put into embeds is read as well. */
function readable(message: WireMessage, me: string): string {
  const names = new Map((message.mentions ?? []).map((user) => [user.id, user.global_name ?? user.username ?? user.id]));
  const own = new RegExp(`^(?:<@!?${me}>\\s*)+`);
  const text = (message.content ?? "").replace(own, "").replace(/<@!?(\d+)>/g, (mention, id: string) => (names.has(id) ? `@${names.get(id)}` : mention));
  const embeds = (message.embeds ?? []).filter((embed) => embed.type === "rich").flatMap((embed) => [embed.title, embed.description].filter(Boolean));
  return [text, ...embeds].join("\n").trim();
}

function mediaParts(message: WireMessage): MessagePart[] {
  const files = (message.attachments ?? []).map((file): MessagePart => ({ type: "media", media: mediaOf(file) }));
  const stickers = (message.sticker_items ?? []).map((sticker): MessagePart => ({ type: "text", text: `[sticker: ${sticker.name ?? sticker.id}]` }));
  return [...files, ...stickers];
}

function mediaOf(file: WireAttachment): Media {
  const type = file.content_type?.split(";")[0];
  return {
    kind: kindOf(type, file),
    ...(file.url === undefined ? {} : { ref: file.url }),
    ...(file.filename === undefined ? {} : { name: file.filename }),
    ...(type === undefined ? {} : { type }),
    ...(file.size === undefined ? {} : { size: file.size }),
    ...(file.duration_secs === undefined ? {} : { duration: file.duration_secs }),
  };
}

function kindOf(type: string | undefined, file: WireAttachment): Media["kind"] {
  if (type?.startsWith("image/") === true && type !== "image/svg+xml") return "photo";
  // Only voice messages carry their length (Attachment object, duration_secs).
  if (type?.startsWith("audio/") === true) return file.duration_secs === undefined ? "audio" : "voice";
  return type?.startsWith("video/") === true ? "video" : "document";
}

function pollParts({ poll }: WireMessage): MessagePart[] {
  if (poll?.question?.text === undefined) return [];
  return [{ type: "poll", question: poll.question.text, options: (poll.answers ?? []).map((answer) => answer.poll_media?.text ?? "") }];
}
