import type { AssistantPart, Entry, EntryContent } from "../../src/core/entry.ts";
import { textMessage } from "../../src/core/message.ts";
import type { ModelEntry } from "../../src/core/model.ts";
import { estimateEntry } from "../../src/agent/tokens.ts";
import { OWNER, PRIVATE } from "../contract/tool-suite.ts";

export const AT = Date.UTC(2026, 0, 2, 9, 5);

export function userContent(text: string): Extract<EntryContent, { role: "user" }> {
  return { role: "user", message: textMessage(text), envelope: { channel: "web", direct: true, at: AT }, addressed: true };
}

export const user = (text: string): ModelEntry => ({ content: userContent(text) });
export const call = (id: string, name = "time", args: unknown = {}): AssistantPart => ({ type: "call", id, name, args });
export const step = (parts: readonly AssistantPart[], model = "scripted:test"): ModelEntry => ({
  content: { role: "assistant", parts, model, stop: parts.some((part) => part.type === "call") ? "calls" : "end" },
});
export const say = (text: string, model?: string): ModelEntry => step([{ type: "text", text }], model);
export const result = (callId: string, text = "ok"): ModelEntry => ({ content: { role: "tool", callId, name: "time", text, error: false } });

/** Contents as a stored transcript, numbered from 1. */
export function transcript(contents: readonly EntryContent[], turnIds: readonly string[] = []): Entry[] {
  return contents.map((content, index) => ({
    content,
    principal: OWNER,
    label: PRIVATE,
    tokens: estimateEntry(content),
    at: AT,
    sessionId: "session",
    number: index + 1,
    ...(turnIds[index] !== undefined && { turnId: turnIds[index] }),
  }));
}

/** What every provider demands: each call has exactly one result, right behind its step, and there is no other result. */
export function findBrokenPair(entries: readonly ModelEntry[]): string | undefined {
  let index = 0;
  while (index < entries.length) {
    const content = entries[index]!.content;
    index += 1;
    if (content.role === "tool") return `orphan result ${content.callId}`;
    if (content.role !== "assistant") continue;
    if (content.parts.length === 0) return "empty step";
    for (const part of content.parts) {
      if (part.type !== "call") continue;
      const next = entries[index]?.content;
      if (next?.role !== "tool" || next.callId !== part.id) return `no result for ${part.id}`;
      index += 1;
    }
  }
  return undefined;
}
