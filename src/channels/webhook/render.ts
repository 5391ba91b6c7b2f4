/** Step "4 parts" of the hall for webhooks: Markdown stays Markdown, with its plain text beside it, for the owner's program to choose. Pure; must not throw. */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { describePart } from "../../lib/describe-part/index.ts";
import { chunkText } from "../../lib/chunk/index.ts";
import { cleanText, isBlank, parseMarkdown, plainText } from "../../lib/markdown/index.ts";

export const MAX_TEXT = 50_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface WebhookPayload {
  /** Absent where the text had to be cut: half a table is none. */
  readonly markdown?: string;
  readonly media?: Media;
  readonly buttons?: readonly Button[];
}

export function renderMessage(message: Message): RenderedPart[] {
  const parts: { text: string; payload: WebhookPayload }[] = [];
  let texts: string[] = [];
  let sources: string[] = [];
  const flush = () => {
    const plain = texts.join("\n");
    if (!isBlank(plain)) {
      const chunks = chunkText(plain, { limit: MAX_TEXT });
      const whole = chunks.length === 1 ? { markdown: sources.join("\n\n") } : {};
      parts.push(...chunks.filter((text) => !isBlank(text)).map((text) => ({ text, payload: whole })));
    }
    [texts, sources] = [[], []];
  };
  for (const part of message.parts) {
    if (part.type === "media" && part.media.blob !== undefined) {
      flush();
      parts.push({ text: describePart(part), payload: { media: part.media } });
    } else {
      const plain = part.type === "text" ? plainMarkdown(part.text) : describePart(part).trimEnd();
      if (plain === "") continue;
      texts.push(plain);
      sources.push(part.type === "text" ? cleanText(part.text) : escapeMarkdown(plain));
    }
  }
  flush();
  if (parts.length === 0) parts.push({ text: "(empty message)", payload: {} });
  const { buttons = [] } = message;
  return parts.map((part, index) => (buttons.length > 0 && index === parts.length - 1 ? { ...part, payload: { ...part.payload, buttons } } : part));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

/** A notice is not Markdown: a command or path in it must arrive as it is. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~-]/g, "\\$&");
}
