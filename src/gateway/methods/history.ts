import type { Entry, EntryContent } from "../../core/entry.ts";
import { messageText, type Message } from "../../core/message.ts";
import { v } from "../../lib/schema/index.ts";
import type { GatewayDeps } from "../deps.ts";
import { DEFAULT_SESSION, findSession } from "../find-session.ts";
import { limit, sessionRef, wholeNumber } from "./schemas.ts";

export const historyParams = v.strictObject({
  session: v.optional(sessionRef, DEFAULT_SESSION),
  after: v.optional(wholeNumber),
  before: v.optional(wholeNumber),
  limit: v.optional(limit(500), 100),
});

const media = v.object({
  kind: v.string(),
  media_id: v.optional(v.string()),
  name: v.optional(v.string()),
  type: v.optional(v.string()),
  size: v.optional(v.number()),
});

const entryInfo = v.object({
  number: v.number(),
  role: v.picklist(["user", "assistant", "tool", "system"]),
  text: v.string(),
  at: v.number(),
  turn_id: v.optional(v.string()),
  message_id: v.optional(v.string()),
  channel: v.optional(v.string()),
  sender: v.optional(v.string()),
  media: v.optional(v.array(media)),
  model: v.optional(v.string()),
  stop: v.optional(v.string()),
  thinking: v.optional(v.string()),
  calls: v.optional(v.array(v.object({ call_id: v.string(), name: v.string(), args: v.unknown() }))),
  call_id: v.optional(v.string()),
  name: v.optional(v.string()),
  error: v.optional(v.boolean()),
});
type EntryInfo = v.InferInput<typeof entryInfo>;

export const historyResult = v.object({ session: v.string(), session_id: v.string(), last_entry: v.number(), entries: v.array(entryInfo) });

/** Entries of a session in order: those after a number, or the newest ones (before a number). */
export async function history(params: v.InferOutput<typeof historyParams>, deps: GatewayDeps): Promise<v.InferInput<typeof historyResult>> {
  const session = await findSession(deps.store, params.session);
  const { after, before, limit } = params;
  // Neither given means the newest page: what stands before the number after the last.
  const range = after === undefined ? { before: before ?? session.lastEntry + 1 } : { after, ...(before === undefined ? {} : { before }) };
  const entries = await deps.store.readEntries({ sessionId: session.id, ...range, limit });
  return { session: session.key, session_id: session.id, last_entry: session.lastEntry, entries: entries.map(describeEntry) };
}

function describeEntry(entry: Entry): EntryInfo {
  return {
    number: entry.number,
    at: entry.at,
    ...(entry.turnId === undefined ? {} : { turn_id: entry.turnId }),
    ...(entry.messageId === undefined ? {} : { message_id: entry.messageId }),
    ...describeContent(entry.content),
  };
}

function describeContent(content: EntryContent): Pick<EntryInfo, "role" | "text"> & Partial<EntryInfo> {
  switch (content.role) {
    case "user": {
      const { envelope, message } = content;
      return {
        role: "user",
        text: messageText(message),
        channel: envelope.channel,
        ...(envelope.sender === undefined ? {} : { sender: envelope.sender }),
        ...mediaOf(message),
      };
    }
    case "assistant": {
      const join = (type: "text" | "thinking") => content.parts.flatMap((part) => (part.type === type ? [part.text] : [])).join("");
      const calls = content.parts.flatMap((part) => (part.type === "call" ? [{ call_id: part.id, name: part.name, args: part.args }] : []));
      const thoughts = join("thinking");
      return {
        role: "assistant",
        text: join("text"),
        model: content.model,
        stop: content.stop,
        ...(thoughts === "" ? {} : { thinking: thoughts }),
        ...(calls.length === 0 ? {} : { calls }),
      };
    }
    case "tool":
      return { role: "tool", text: content.text, call_id: content.callId, name: content.name, error: content.error };
    case "system":
      return { role: "system", text: content.text };
  }
}

function mediaOf(message: Message): Partial<EntryInfo> {
  const items = message.parts.flatMap((part) => {
    if (part.type !== "media") return [];
    const { kind, blob, name, type, size } = part.media;
    return [
      {
        kind,
        ...(blob === undefined ? {} : { media_id: blob }),
        ...(name === undefined ? {} : { name }),
        ...(type === undefined ? {} : { type }),
        ...(size === undefined ? {} : { size }),
      },
    ];
  });
  return items.length === 0 ? {} : { media: items };
}
