import type { History } from "./session-ref.ts";

type Entry = History["entries"][number];

/** Entries as the messages of their transcript; system notes of ours are messages of the assistant's there. */
export function messagesOf(entries: readonly Entry[]): Record<string, unknown>[] {
  return entries.map((entry) => ({ ...bodyOf(entry), timestamp: entry.at, __openclaw: { id: String(entry.number), seq: entry.number } }));
}

function bodyOf(entry: Entry): Record<string, unknown> {
  const text = [{ type: "text", text: entry.text }];
  switch (entry.role) {
    case "user":
      return { role: "user", content: text };
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(entry.thinking === undefined ? [] : [{ type: "thinking", thinking: entry.thinking }]),
          ...(entry.text === "" ? [] : text),
          ...(entry.calls ?? []).map((call) => ({ type: "toolCall", id: call.call_id, name: call.name, arguments: call.args })),
        ],
        ...(entry.model === undefined ? {} : { model: entry.model }),
        ...(entry.stop === undefined ? {} : { stopReason: entry.stop === "calls" ? "toolUse" : "stop" }),
      };
    case "tool":
      return { role: "toolResult", toolCallId: entry.call_id, toolName: entry.name, isError: entry.error ?? false, content: text };
    case "system":
      return { role: "assistant", content: text };
  }
}

export function assistantMessage(text: string, at: number): Record<string, unknown> {
  return { role: "assistant", content: [{ type: "text", text }], timestamp: at };
}
