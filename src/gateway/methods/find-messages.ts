import type { Entry } from "../../core/entry.ts";
import { clip } from "../../lib/plain-text/index.ts";
import { v } from "../../lib/schema/index.ts";
import { excerpt } from "../../lib/search-text/index.ts";
import { entryText, searchMessages, type FoundMessage } from "../../sessions/search.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { describeSession } from "./describe-session.ts";
import { limit, name, sessionInfo, sessionRef, wholeNumber } from "./schemas.ts";

const shortMessage = v.object({ number: v.number(), role: v.picklist(["user", "assistant", "tool", "system"]), text: v.string(), at: v.number() });
const foundMessage = v.object({
  session: v.string(),
  session_id: v.string(),
  label: v.optional(v.string()),
  archived: v.optional(v.boolean()),
  ...shortMessage.entries,
  sender: v.optional(v.string()),
});

const PREVIEW_LENGTH = 200;
const EXCERPT_LENGTH = 300;

function isSaid({ content }: Entry): boolean {
  return content.role === "user" || content.role === "assistant";
}

function shorten(entry: Entry): v.InferInput<typeof shortMessage> {
  return { number: entry.number, role: entry.content.role, text: clip(entryText(entry).replace(/\s+/g, " ").trim(), PREVIEW_LENGTH), at: entry.at };
}

function describeFound({ entry, session }: FoundMessage, query: string): v.InferInput<typeof foundMessage> {
  const sender = entry.content.role === "user" ? entry.content.envelope.sender : undefined;
  return {
    session: session.key,
    session_id: session.id,
    ...(session.settings.label === undefined ? {} : { label: session.settings.label }),
    ...(session.archivedAt === undefined ? {} : { archived: true }),
    number: entry.number,
    role: entry.content.role,
    text: excerpt(entryText(entry), query, EXCERPT_LENGTH),
    at: entry.at,
    ...(sender === undefined ? {} : { sender }),
  };
}

/** What was said, found by its words or seen at a glance. */
export const findMethods = [
  defineMethod({
    name: "sessions.search",
    summary: "Messages that have all the words or words that begin so, in every session or one, the newest first; `before` pages.",
    params: v.strictObject({
      query: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
      agent: v.optional(name),
      session: v.optional(sessionRef),
      before: v.optional(wholeNumber),
      limit: v.optional(limit(100), 20),
    }),
    result: v.object({ messages: v.array(foundMessage), before: v.optional(v.number()) }),
    scope: "read",
    handler: async ({ query, agent, session: ref, before, limit }, { deps }) => {
      const sessionId = ref === undefined ? undefined : (await findSession(deps.store, ref)).id;
      // As chat.history: a credential that may read sees every session; secrets nobody does.
      const found = await searchMessages(deps.store, { sight: "private", query, agent, sessionId, before, limit });
      const last = found.length < limit ? undefined : found.at(-1)?.seq;
      return { messages: found.map((one) => describeFound(one, query)), ...(last === undefined ? {} : { before: last }) };
    },
  }),
  defineMethod({
    name: "sessions.preview",
    summary: "What a session is about at a glance: how it began, and its last messages, clipped.",
    params: v.strictObject({ session: sessionRef, limit: v.optional(limit(20), 5) }),
    result: v.object({ ...sessionInfo.entries, first: v.optional(shortMessage), last: v.array(shortMessage) }),
    scope: "read",
    handler: async ({ session: ref, limit }, { deps }) => {
      const session = await findSession(deps.store, ref);
      const said = (entries: readonly Entry[]) => entries.filter((entry) => isSaid(entry) && entryText(entry) !== "");
      const [first] = said(await deps.store.readEntries({ sessionId: session.id, limit: 20 }));
      const newest = await deps.store.readEntries({ sessionId: session.id, before: session.lastEntry + 1, limit: 100 });
      return { ...describeSession(session), ...(first === undefined ? {} : { first: shorten(first) }), last: said(newest).slice(-limit).map(shorten) };
    },
  }),
];
