import type { AssistantPart, EntryContent } from "../core/entry.ts";
import type { Message, MessagePart } from "../core/message.ts";
import type { ToolSpec } from "../core/model.ts";

/** What an image costs in a prompt, whatever its size: providers bill between 260 and 1,600 tokens for one. */
export const IMAGE_TOKENS = 1_500;

/** Role markers and separators around one entry, and the header that a user message is rendered with. */
const ENTRY_OVERHEAD = 6;
const HEADER_TOKENS = 20;

/** Twelfths of a token per code point (whole numbers add up exactly): about 4 characters a token in Latin text, 1.5 in Chinese, Japanese and Korean, 2 in other scripts. */
function weightOf(codePoint: number): number {
  if (codePoint < 0x250) return 3;
  const wide =
    (codePoint >= 0x1100 && codePoint <= 0x11ff) ||
    (codePoint >= 0x2e80 && codePoint <= 0xd7af) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0xff00 && codePoint <= 0xffef);
  if (wide || codePoint >= 0x20000) return 8;
  return 6;
}

/** Estimated tokens of a text, never below the truth by much: a whole number, 0 for the empty text. */
export function estimateTokens(text: string): number {
  let sum = 0;
  // By index: every prompt goes through here, and an iterator makes a string of each character.
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x250) {
      sum += 3;
      continue;
    }
    const codePoint = unit >= 0xd800 && unit <= 0xdbff ? text.codePointAt(index)! : unit;
    if (codePoint > 0xffff) index += 1;
    sum += weightOf(codePoint);
  }
  return Math.ceil(sum / 12);
}

/** Estimated tokens of the tools that a model is offered. */
export function estimateTools(specs: readonly ToolSpec[]): number {
  return specs.reduce((sum, spec) => sum + HEADER_TOKENS + estimateTokens(spec.name + spec.description) + estimateTokens(JSON.stringify(spec.parameters)), 0);
}

/** Estimated tokens of one transcript item as a model will see it. */
export function estimateEntry(content: EntryContent): number {
  switch (content.role) {
    case "user":
      return ENTRY_OVERHEAD + HEADER_TOKENS + estimateMessage(content.message);
    case "assistant":
      return content.parts.reduce((sum, part) => sum + estimatePart(part), ENTRY_OVERHEAD);
    case "tool":
      return ENTRY_OVERHEAD + HEADER_TOKENS + estimateTokens(content.text);
    case "system":
      return ENTRY_OVERHEAD + estimateTokens(content.text);
  }
}

function estimateMessage(message: Message): number {
  const quote = message.quote === undefined ? 0 : estimateTokens(message.quote.text) + ENTRY_OVERHEAD;
  return message.parts.reduce((sum, part) => sum + estimateMessagePart(part), quote);
}

function estimateMessagePart(part: MessagePart): number {
  switch (part.type) {
    case "text":
    case "notice":
      return estimateTokens(part.text);
    case "media":
      return isImage(part) ? IMAGE_TOKENS : HEADER_TOKENS;
    case "poll":
      return estimateTokens(part.question) + part.options.reduce((sum, option) => sum + estimateTokens(option) + 2, 0);
    case "location":
    case "contact":
      return HEADER_TOKENS;
  }
}

function isImage(part: Extract<MessagePart, { type: "media" }>): boolean {
  const { kind, type, missing } = part.media;
  return missing === undefined && (kind === "photo" || type?.startsWith("image/") === true);
}

function estimatePart(part: AssistantPart): number {
  switch (part.type) {
    case "text":
    case "thinking":
      return estimateTokens(part.text);
    case "call":
      return HEADER_TOKENS + estimateTokens(part.name) + estimateTokens(JSON.stringify(part.args) ?? "");
    case "opaque":
      return estimateTokens(JSON.stringify(part.data) ?? "");
  }
}
