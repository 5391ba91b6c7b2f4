import type { EntryContent } from "../../core/entry.ts";
import type { MessagePart } from "../../core/message.ts";
import type { ModelEntry } from "../../core/model.ts";
import { invalid, unsupported } from "./open-ai-error.ts";

export interface UserContent {
  readonly text: string;
  readonly images: readonly { readonly type: string; readonly bytes: Uint8Array }[];
}

const TEXT_TYPES = new Set(["text", "input_text", "output_text", "refusal"]);

/** A text, or a list of text and image parts, in the shape of either API. Images have to be data URLs: nothing is fetched for a caller. */
export function contentOf(value: unknown, param: string): UserContent {
  if (typeof value === "string") return { text: value, images: [] };
  if (!Array.isArray(value)) throw invalid(param, "expected a string or a list of content parts.");
  const texts: string[] = [];
  const images: { type: string; bytes: Uint8Array }[] = [];
  value.forEach((item: unknown, i) => {
    const part = (typeof item === "object" && item !== null ? item : {}) as Record<string, unknown>;
    const text = part["text"] ?? part["refusal"];
    if (TEXT_TYPES.has(String(part["type"])) && typeof text === "string") texts.push(text);
    else if (part["type"] === "image_url" || part["type"] === "input_image") images.push(imageOf(part["image_url"], `${param}[${i}].image_url`));
    else throw unsupported(`${param}[${i}].type`, `Content of type '${String(part["type"]).slice(0, 50)}' cannot be read here.`);
  });
  return { text: texts.join("\n"), images };
}

function imageOf(value: unknown, param: string): { type: string; bytes: Uint8Array } {
  const url = typeof value === "string" ? value : (value as { url?: unknown } | null | undefined)?.url;
  const match = typeof url === "string" ? /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=_-]+)$/.exec(url) : null;
  if (match === null) throw unsupported(param, "Only data: URLs with a PNG, JPEG, GIF or WebP in base64 can be read.");
  return { type: match[1]!, bytes: Buffer.from(match[2]!, "base64") };
}

export function userEntry(content: UserContent, who: { sender?: string | undefined; at: number }): ModelEntry {
  const parts: MessagePart[] = content.text === "" && content.images.length > 0 ? [] : [{ type: "text", text: content.text }];
  for (const { type, bytes } of content.images) parts.push({ type: "media", media: { kind: "photo", type, size: bytes.length } });
  const envelope = { channel: "web", direct: true, at: who.at, ...(who.sender === undefined ? {} : { sender: who.sender }) };
  const entry: EntryContent = { role: "user", message: { parts }, envelope, addressed: true };
  return content.images.length === 0 ? { content: entry } : { content: entry, images: content.images };
}

/** A call that the caller says the model once made. */
export function callPart(call: { id: unknown; name: unknown; arguments: unknown }, param: string) {
  if (typeof call.id !== "string" || call.id === "" || typeof call.name !== "string") throw invalid(param, "a tool call has an id and a name.");
  let args: unknown = {};
  try {
    if (typeof call.arguments === "string" && call.arguments !== "") args = JSON.parse(call.arguments);
  } catch {
    throw invalid(`${param}.arguments`, "expected JSON.");
  }
  return { type: "call", id: call.id, name: call.name, args } as const;
}

/**
 * Every call has its result right behind its step and every result its call, as models require.
 * @throws OpenAiError
 */
export function checkResults(entries: readonly ModelEntry[], param: string): void {
  let open = new Set<string>();
  for (const { content } of entries) {
    if (content.role === "tool") {
      if (!open.delete(content.callId)) throw invalid(param, `a tool result answers no call ('${content.callId.slice(0, 64)}').`);
      continue;
    }
    if (open.size > 0) break;
    if (content.role === "assistant") open = new Set(content.parts.flatMap((part) => (part.type === "call" ? [part.id] : [])));
  }
  if (open.size > 0) throw invalid(param, `tool calls without a result: ${[...open].slice(0, 5).join(", ")}.`);
}
