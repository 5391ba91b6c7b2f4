import type { Media, Message, MessagePart } from "../../core/message.ts";
import { decodeText, type NameOf, withoutLeadingMention } from "./text.ts";
import type { SlackFile, SlackMessage } from "./wire.ts";

/**
 * What a Slack message says. A shared message is somebody else's: it becomes the quote, never the sender's own words or command (sec-38).
 * @returns undefined when there is nothing to read.
 */
export function contentOf(message: SlackMessage, me: string, nameOf: NameOf): Message | undefined {
  const written = decodeText(withoutLeadingMention(message.text ?? "", me), nameOf).trim();
  const parts: MessagePart[] = (message.files ?? []).map(filePart);
  if (written !== "") parts.push({ type: "text", text: written });
  const shared = message.attachments?.find((one) => (one.is_share === true || one.is_msg_unfurl === true) && one.text !== undefined);
  const quote =
    shared === undefined
      ? {}
      : { quote: { ...(shared.author_name === undefined ? {} : { sender: shared.author_name }), text: decodeText(shared.text!, nameOf) } };
  // What an app shows in attachments alone would be lost otherwise.
  if (parts.length === 0 && shared === undefined) {
    const shown = (message.attachments ?? []).map((one) => decodeText(one.text ?? one.fallback ?? "", nameOf)).filter((text) => text !== "");
    parts.push(...shown.map((text) => ({ type: "text" as const, text })));
  }
  // Only the mention: somebody has called.
  if (parts.length === 0 && shared === undefined && (message.text ?? "").trim() !== "")
    parts.push({ type: "text", text: decodeText(message.text!, nameOf).trim() });
  if (parts.length === 0 && shared === undefined) return undefined;
  if (parts.length === 0) parts.push({ type: "text", text: "(shared message)" });
  const inThread = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  return { parts, ...(inThread ? { replyTo: message.thread_ts } : {}), ...quote };
}

function filePart(file: SlackFile): MessagePart {
  // A file that Slack names but does not hand over (deleted, behind the plan's limit) is told about all the same.
  if (file.id === undefined || file.mode === "tombstone" || file.mode === "hidden_by_limit")
    return { type: "text", text: "[a file, which Slack does not hand out any more]" };
  return {
    type: "media",
    media: {
      kind: kindOf(file),
      ref: file.id,
      ...(file.name === undefined ? {} : { name: file.name }),
      ...(file.mimetype === undefined || file.mimetype === "" ? {} : { type: file.mimetype }),
      ...(file.size === undefined ? {} : { size: file.size }),
      ...(file.duration_ms === undefined ? {} : { duration: file.duration_ms / 1_000 }),
    },
  };
}

function kindOf({ subtype, mimetype = "" }: SlackFile): Media["kind"] {
  if (subtype === "slack_audio") return "voice";
  if (mimetype.startsWith("audio/")) return "audio";
  if (mimetype.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(mimetype) ? "photo" : "document";
}
