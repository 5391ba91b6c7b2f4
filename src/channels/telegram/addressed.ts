import type { Message as TelegramMessage, MessageEntity } from "@grammyjs/types";
import type { Message } from "../../core/message.ts";

interface Me {
  readonly id: number;
  readonly username: string;
}

/** In a group: mentioned by @username or by name, answered, or commanded. A command for another bot (`/x@other`) is not for us. */
export function isAddressed(message: TelegramMessage, me: Me): boolean {
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities ?? [];
  const command = entities.find((entity) => entity.type === "bot_command" && entity.offset === 0);
  if (command !== undefined) {
    const target = slice(text, command).split("@")[1];
    if (target === undefined || same(target, me.username)) return true;
  }
  if (entities.some((entity) => mentions(entity, text, me))) return true;
  return repliedMessage(message)?.from?.id === me.id;
}

/** Without the `@my_bot` that clients add to commands in groups, so that `/status@my_bot` is `/status`. */
export function commandText(content: Message, message: TelegramMessage, username: string): Message {
  const command = (message.entities ?? message.caption_entities ?? []).find((entity) => entity.type === "bot_command" && entity.offset === 0);
  if (command === undefined) return content;
  const written = slice(message.text ?? message.caption ?? "", command);
  const [name, target] = written.split("@");
  if (name === undefined || target === undefined || !same(target, username)) return content;
  let done = false;
  const parts = content.parts.map((part) => {
    if (done || part.type !== "text" || !part.text.startsWith(written)) return part;
    done = true;
    return { ...part, text: name + part.text.slice(written.length) };
  });
  return { ...content, parts };
}

/** The answered message. In a forum every message answers the one that opened its topic; that is no reply by a person. */
export function repliedMessage(message: TelegramMessage): TelegramMessage | undefined {
  const replied = message.reply_to_message as TelegramMessage | undefined;
  return replied === undefined || replied.forum_topic_created !== undefined ? undefined : replied;
}

function mentions(entity: MessageEntity, text: string, me: Me): boolean {
  if (entity.type === "mention") return same(slice(text, entity), `@${me.username}`);
  return entity.type === "text_mention" && entity.user.id === me.id;
}

/** Offsets count UTF-16 units, as JavaScript does (Bot API, MessageEntity). */
function slice(text: string, entity: MessageEntity): string {
  return text.slice(entity.offset, entity.offset + entity.length);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
