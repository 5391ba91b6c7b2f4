import type { Entry } from "../../core/entry.ts";
import { newId } from "../../core/random.ts";
import type { Session, SessionSettings } from "../../core/records.ts";
import { clip } from "../../lib/plain-text/index.ts";
import { v } from "../../lib/schema/index.ts";
import { excerpt } from "../../lib/search-text/index.ts";
import { entryText, searchMessages, type FoundMessage } from "../../sessions/search.ts";
import { agentOfKey } from "../../sessions/session-key.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { history, historyParams, historyResult } from "./history.ts";
import { limit, modelName, name, notFound, sessionInfo, sessionRef, thinking, wholeNumber } from "./schemas.ts";

const label = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const settings = { label: v.optional(label), model: v.optional(modelName), thinking: v.optional(thinking) };

export function describeSession(session: Session): v.InferInput<typeof sessionInfo> {
  const { label, model, thinking } = session.settings;
  return {
    session: session.key,
    session_id: session.id,
    agent: session.agent,
    ...(label === undefined ? {} : { label }),
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
    last_entry: session.lastEntry,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
    ...(session.endedAt === undefined ? {} : { ended_at: session.endedAt }),
    ...(session.archivedAt === undefined ? {} : { archived_at: session.archivedAt }),
  };
}

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

async function archive(ref: string, archived: boolean, { store, hub, clock }: GatewayDeps): Promise<v.InferInput<typeof sessionInfo>> {
  const { id } = await findSession(store, ref);
  const session = await store.archiveSession({ id, archived, now: clock.now() });
  if (session === undefined) throw notFound("session", ref);
  hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: archived ? "archived" : "restored" } });
  return describeSession(session);
}

export const sessionMethods = [
  defineMethod({
    name: "sessions.create",
    summary: "The current session of a key, made if there is none; without a key, a new conversation of its own.",
    params: v.strictObject({ session: v.optional(sessionRef), agent: v.optional(name, "main"), ...settings }),
    result: v.object({ ...sessionInfo.entries, created: v.boolean() }),
    scope: "write",
    mutating: true,
    handler: async (params, { deps }) => {
      const id = newId(deps.clock, deps.random);
      const key = params.session ?? `agent:${params.agent}:web:chat:${id}`;
      const agent = agentOfKey(key);
      if (!deps.agents.list().some((known) => known.name === agent)) throw notFound("agent", agent);
      const { label, model, thinking } = params;
      const given: SessionSettings = {
        ...(label === undefined ? {} : { label }),
        ...(model === undefined ? {} : { model }),
        ...(thinking === undefined ? {} : { thinking }),
      };
      const { session, created } = await deps.store.createSession({ session: { id, key, agent }, settings: given, now: deps.clock.now() });
      if (created) deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "created" } });
      return { ...describeSession(session), created };
    },
  }),
  defineMethod({
    name: "sessions.get",
    summary: "One session.",
    params: v.strictObject({ session: sessionRef }),
    result: sessionInfo,
    scope: "read",
    handler: async ({ session }, { deps }) => describeSession(await findSession(deps.store, session)),
  }),
  defineMethod({
    name: "sessions.list",
    summary: "Sessions, the newest activity first; archived ones only when asked for. `before` (an updated_at) pages.",
    params: v.strictObject({
      agent: v.optional(name),
      ended: v.optional(v.boolean()),
      archived: v.optional(v.boolean(), false),
      before: v.optional(wholeNumber),
      limit: v.optional(limit(500), 50),
    }),
    result: v.object({ sessions: v.array(sessionInfo) }),
    scope: "read",
    handler: async ({ agent, ended, archived, before, limit }, { deps }) => {
      const query = {
        limit,
        archived,
        ...(agent === undefined ? {} : { agent }),
        ...(ended === undefined ? {} : { ended }),
        ...(before === undefined ? {} : { before }),
      };
      return { sessions: (await deps.store.listSessions(query)).map(describeSession) };
    },
  }),
  defineMethod({
    name: "sessions.patch",
    summary: "Changes a session's settings; null clears one.",
    params: v.strictObject({
      session: sessionRef,
      label: v.optional(v.nullable(label)),
      model: v.optional(v.nullable(modelName)),
      thinking: v.optional(v.nullable(thinking)),
    }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: async ({ session: ref, ...changes }, { deps }) => {
      const found = await findSession(deps.store, ref);
      const changed = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const session = await deps.store.patchSession({ id: found.id, settings: changed, now: deps.clock.now() });
      if (session === undefined) throw notFound("session", ref);
      deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "patched" } });
      return describeSession(session);
    },
  }),
  defineMethod({
    name: "sessions.reset",
    summary: "Ends the current session of a key and starts its successor with the same settings; a running turn is stopped.",
    params: v.strictObject({ session: sessionRef }),
    result: v.object({ ...sessionInfo.entries, ended_session_id: v.optional(v.string()) }),
    scope: "write",
    mutating: true,
    handler: async ({ session: ref }, { deps }) => {
      const { id, key, agent } = await findSession(deps.store, ref);
      const running = await deps.store.listTurns({ sessionId: id, statuses: ["running", "waiting"], limit: 100 });
      for (const turn of running) await deps.turns.abort({ turnId: turn.id });
      const { session, ended } = await deps.store.resetSession({ session: { id: newId(deps.clock, deps.random), key, agent }, now: deps.clock.now() });
      deps.hub.publish({ event: "session.changed", session: key, payload: { key, change: "reset" } });
      return { ...describeSession(session), ...(ended === undefined ? {} : { ended_session_id: ended }) };
    },
  }),
  defineMethod({
    name: "sessions.compact",
    summary: "Puts a summary in the place of the older part of a conversation in prompts; the transcript stays whole. Waits until it is done.",
    params: v.strictObject({ session: sessionRef }),
    result: v.object({
      /** `nothing`: it is short already; `busy`: it is under way elsewhere. */
      outcome: v.picklist(["summarised", "trimmed", "nothing", "busy"]),
      entries: v.number(),
      tokens_before: v.number(),
      tokens_after: v.number(),
    }),
    scope: "write",
    mutating: true,
    long: true,
    handler: async ({ session: ref }, { deps }) => {
      const { kind, entries, before, after } = await deps.turns.compact((await findSession(deps.store, ref)).id);
      return { outcome: kind, entries, tokens_before: before, tokens_after: after };
    },
  }),
  defineMethod({
    name: "sessions.delete",
    summary: "Removes everything of one session; refused while it is at work.",
    params: v.strictObject({ session: sessionRef }),
    result: v.object({ deleted: v.boolean() }),
    scope: "write",
    mutating: true,
    handler: async ({ session: ref }, { deps }) => {
      const { id, key } = await findSession(deps.store, ref);
      const deleted = await deps.store.deleteSession({ id });
      if (deleted) deps.hub.publish({ event: "session.changed", session: key, payload: { key, change: "deleted" } });
      return { deleted };
    },
  }),
  defineMethod({
    name: "sessions.archive",
    summary: "Puts a session away: it is not listed any more. Nothing is lost; its next message takes it out again.",
    params: v.strictObject({ session: sessionRef }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: ({ session }, { deps }) => archive(session, true, deps),
  }),
  defineMethod({
    name: "sessions.restore",
    summary: "Takes an archived session out again.",
    params: v.strictObject({ session: sessionRef }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: ({ session }, { deps }) => archive(session, false, deps),
  }),
  defineMethod({
    name: "sessions.branch",
    summary: "A new session that begins as a copy of another one up to an entry; an entry within a step of tool calls means the one before that step.",
    params: v.strictObject({ session: sessionRef, entry: v.optional(v.pipe(wholeNumber, v.minValue(1))), label: v.optional(label) }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: async ({ session: ref, entry, label: given }, { deps }) => {
      const from = await findSession(deps.store, ref);
      const upTo = entry ?? from.lastEntry;
      if (upTo > from.lastEntry) throw notFound("entry", String(upTo));
      const id = newId(deps.clock, deps.random);
      const branched = await deps.store.branchSession({
        from: from.id,
        upTo,
        session: { id, key: `agent:${from.agent}:web:chat:${id}`, agent: from.agent },
        settings: given === undefined ? {} : { label: given },
        now: deps.clock.now(),
      });
      if (branched === undefined) throw notFound("session", ref);
      const { session } = branched;
      deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "created" } });
      return describeSession(session);
    },
  }),
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
  defineMethod({
    name: "sessions.history",
    summary: "The same as chat.history.",
    params: historyParams,
    result: historyResult,
    scope: "read",
    handler: (params, { deps }) => history(params, deps),
  }),
];
