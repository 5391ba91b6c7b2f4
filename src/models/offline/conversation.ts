import type { EntryContent } from "../../core/entry.ts";
import { messageText } from "../../core/message.ts";
import type { ModelEntry } from "../../core/model.ts";

/** What the demo makes of its context. */
export interface Conversation {
  /** What the person said last, without the gateway's header lines. */
  readonly said: string;
  /** What the person said before, oldest first. */
  readonly before: readonly string[];
  /** Results of the step that was just made. */
  readonly results: readonly Extract<EntryContent, { role: "tool" }>[];
  /** The name that the person has told, if any. */
  readonly name?: string;
}

/** Entries as a conversation. The gateway's notes are not the person's words and are left out. */
export function readConversation(entries: readonly ModelEntry[]): Conversation {
  const lastStep = entries.findLastIndex(({ content }) => content.role === "assistant");
  const behind = entries.slice(lastStep + 1).map((entry) => entry.content);
  const results = behind.filter((content) => content.role === "tool");
  const users = entries.flatMap(({ content }, index) => (content.role === "user" && !isNote(content) ? [{ text: spoken(content), index }] : []));
  const fresh = users.filter(({ index }) => index > lastStep);
  const current = fresh.length > 0 ? fresh : users.slice(-1);
  const first = current[0]?.index ?? 0;
  const name = users.map(({ text }) => toldName(text)).findLast((told) => told !== undefined);
  return {
    said: current.map(({ text }) => text).join("\n"),
    before: users.filter(({ index }) => index < first).map(({ text }) => text),
    // Messages that came in meanwhile are answered before old results.
    results: behind.at(-1)?.role === "tool" ? results : [],
    ...(name !== undefined && { name }),
  };
}

type UserContent = Extract<EntryContent, { role: "user" }>;

function isNote(content: UserContent): boolean {
  return content.envelope.channel === "system" || messageText(content.message).startsWith("[notice] ");
}

/** The words without the header line in square brackets, quoted lines and the notes about files that the gateway wrote around them. */
function spoken(content: UserContent): string {
  const lines = messageText(content.message).split("\n");
  const body = /^\[[^\]]*\d{4}-\d{2}-\d{2}[^\]]*\]$/u.test(lines[0] ?? "") ? lines.slice(1) : lines;
  return body
    .filter((line) => !/^> |^\(in answer to .*:\)$/u.test(line))
    .join("\n")
    .trim();
}

const TOLD = [
  /\bmy name(?: is|'s)\s+(\p{L}[\p{L}'-]{0,30})/iu,
  /\b(?:please\s+)?call me\s+(\p{Lu}[\p{L}'-]{0,30})/u,
  /\bI(?:'m| am)\s+(\p{Lu}\p{Ll}[\p{L}'-]{0,30})(?=[\s,.!?]|$)/u,
];

function toldName(text: string): string | undefined {
  for (const pattern of TOLD) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return name.charAt(0).toUpperCase() + name.slice(1);
  }
  return undefined;
}
