import type { MessagePart } from "../../core/message.ts";
import { cleanText } from "../markdown/index.ts";

/** A name or reason of thousands of characters would be a part that is too long for some platforms. */
const MAX_NAME = 300;

/** A part of a message in words, for platforms that have nothing of their own for it. Never throws; may be empty. */
export function describePart(part: MessagePart): string {
  switch (part.type) {
    case "media": {
      const { kind, name, missing } = part.media;
      return cleanText(
        `[${kind}${name === undefined ? "" : `: ${name.slice(0, MAX_NAME)}`}${missing === undefined ? "" : ` (${missing.slice(0, MAX_NAME)})`}]`,
      );
    }
    case "location":
      return cleanText(`${part.name === undefined ? "" : `${part.name}: `}${part.latitude}, ${part.longitude}`);
    case "contact":
      return cleanText(part.phone === undefined ? part.name : `${part.name}: ${part.phone}`);
    case "poll":
      return cleanText([part.question, ...part.options.map((option, index) => `${index + 1}. ${option}`)].join("\n"));
    default:
      return cleanText(part.text);
  }
}
