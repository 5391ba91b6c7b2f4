/** A file that is part of a message. Before admission it is only a platform reference; after the fetch it has a blob. */
export interface Media {
  readonly kind: "photo" | "document" | "voice" | "audio" | "video" | "sticker";
  /** Blob id once the bytes are ours. */
  readonly blob?: string;
  /** The platform's own handle, opaque to everyone but its channel. */
  readonly ref?: string;
  readonly name?: string;
  /** MIME type. */
  readonly type?: string;
  /** Bytes. */
  readonly size?: number;
  /** Seconds. */
  readonly duration?: number;
  /** Why the bytes could not be had; then the model is told so instead. */
  readonly missing?: string;
}

export type MessagePart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "media"; readonly media: Media }
  | { readonly type: "location"; readonly latitude: number; readonly longitude: number; readonly name?: string }
  | { readonly type: "contact"; readonly name: string; readonly phone?: string }
  | { readonly type: "poll"; readonly question: string; readonly options: readonly string[] }
  | { readonly type: "notice"; readonly text: string };

/** What a person or the assistant said. */
export interface Message {
  readonly parts: readonly MessagePart[];
  /** Platform id of the message this one answers. */
  readonly replyTo?: string;
  /** Text of the message this one answers, as the platform handed it over. */
  readonly quote?: {
    readonly sender?: string;
    readonly text: string;
    /** It quotes the assistant or the sender themselves from this very conversation: nothing new came in with it. */
    readonly own?: boolean;
  };
  /** Offered below the text where the platform has them; a press comes back as an update with `data`. */
  readonly buttons?: readonly Button[];
}

export interface Button {
  readonly label: string;
  /** At most 64 bytes (Telegram's limit of callback_data). */
  readonly data: string;
}

/** How the data of a button begins whose press is an answer in words. */
const ANSWER = "say:";
/** What is left for the words, bytes of UTF-8. */
export const MAX_ANSWER_BYTES = 64 - ANSWER.length;

/** A button that says its own words: a press of it is a message of whoever presses. */
export function answerButton(label: string): Button {
  return { label, data: `${ANSWER}${label}` };
}

/** The words of a pressed button that `answerButton` made; undefined for any other. */
export function pressedWords(data: string): string | undefined {
  return data.startsWith(ANSWER) && data.length > ANSWER.length ? data.slice(ANSWER.length) : undefined;
}

export function textMessage(text: string): Message {
  return { parts: [{ type: "text", text }] };
}

/** Only what was written, parts joined by newlines; media leave nothing. */
export function messageText(message: Message): string {
  return message.parts.flatMap((part) => (part.type === "text" || part.type === "notice" ? [part.text] : [])).join("\n");
}
