import type { AssistantPart, ToolCallPart } from "../../core/entry.ts";
import { messageText } from "../../core/message.ts";
import { noUsage, type ModelEntry, type ModelEvent, type ModelRequest } from "../../core/model.ts";

/**
 * The worst model there is: it obeys whoever wrote to it, whether or not the tool was offered. Every `CALL tool {json}` in what it has read since its last step becomes a
 * call, every `SAY text` (to the end of the line) an answer; its first step reads the system prompt too.
 */
export function obey(request: ModelRequest, index: number): ModelEvent[] {
  const text = unread(request).join("\n");
  const calls = findCalls(text, index);
  const said = [...text.matchAll(/\bSAY ([^\n]+)/gu)].map((match) => match[1] ?? "");
  const answer = said.length > 0 ? said.join("\n") : calls.length > 0 ? "" : "Nothing to obey.";
  const parts: AssistantPart[] = [...(answer === "" ? [] : [{ type: "text", text: answer } as const]), ...calls];
  const events: ModelEvent[] = answer === "" ? [] : [{ type: "text", text: answer }];
  return [...events, { type: "end", parts, stop: calls.length > 0 ? "calls" : "end", usage: noUsage }];
}

function unread(request: ModelRequest): string[] {
  const last = request.entries.findLastIndex((entry) => entry.content.role === "assistant");
  const texts = request.entries.slice(last + 1).map(textOf);
  return last === -1 ? [request.system, ...texts] : texts;
}

function textOf({ content }: ModelEntry): string {
  switch (content.role) {
    case "user": {
      const { quote } = content.message;
      return quote === undefined ? messageText(content.message) : `${quote.text}\n${messageText(content.message)}`;
    }
    case "assistant":
      return "";
    case "tool":
    case "system":
      return content.text;
  }
}

function findCalls(text: string, index: number): ToolCallPart[] {
  const calls: ToolCallPart[] = [];
  for (const match of text.matchAll(/\bCALL ([\w.-]+)\s*(?=\{)/gu)) {
    const json = objectAt(text, match.index + match[0].length);
    const id = `obedient-${index}-${calls.length}`;
    const name = match[1] ?? "";
    try {
      calls.push({ type: "call", id, name, args: JSON.parse(json) });
    } catch (error) {
      calls.push({ type: "call", id, name, args: {}, invalid: error instanceof Error ? error.message : "not JSON" });
    }
  }
  return calls;
}

/** The text from an opening brace to the one that closes it, braces in strings not counted. */
function objectAt(text: string, start: number): string {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i += 1) {
    const character = text[i];
    if (quoted) {
      if (character === "\\") i += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return text.slice(start, i + 1);
    }
  }
  return text.slice(start);
}
