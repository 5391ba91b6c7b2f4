import { RequestError } from "../../core/errors.ts";
import { newId } from "../../core/random.ts";
import type { SessionSettings } from "../../core/records.ts";
import { v } from "../../lib/schema/index.ts";
import { agentOfKey } from "../../sessions/session-key.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { describeSession } from "./describe-session.ts";
import { findMethods } from "./find-messages.ts";
import { history, historyParams, historyResult } from "./history.ts";
import { limit, modelName, name, notFound, sessionInfo, sessionLabel, sessionRef, thinking, wholeNumber } from "./schemas.ts";
import { shelfMethods } from "./shelve-sessions.ts";

const settings = { label: v.optional(sessionLabel), model: v.optional(modelName), thinking: v.optional(thinking) };

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
      if (model !== undefined) deps.models.require(model);
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
    summary:
      "Sessions, the newest activity first; archived ones only when asked for. The next page is what stands before the updated_at and the id of the last one.",
    params: v.strictObject({
      agent: v.optional(name),
      ended: v.optional(v.boolean()),
      archived: v.optional(v.boolean(), false),
      before: v.optional(wholeNumber),
      before_id: v.optional(name),
      limit: v.optional(limit(500), 50),
    }),
    result: v.object({ sessions: v.array(sessionInfo) }),
    scope: "read",
    handler: async ({ agent, ended, archived, before, before_id, limit }, { deps }) => {
      if (before_id !== undefined && before === undefined)
        throw new RequestError("bad_params", "before_id: of several with the same updated_at; give that as before");
      const query = {
        limit,
        archived,
        ...(agent === undefined ? {} : { agent }),
        ...(ended === undefined ? {} : { ended }),
        ...(before === undefined ? {} : { before }),
        ...(before_id === undefined ? {} : { beforeId: before_id }),
      };
      return { sessions: (await deps.store.listSessions(query)).map(describeSession) };
    },
  }),
  defineMethod({
    name: "sessions.patch",
    summary: "Changes a session's settings; null clears one.",
    params: v.strictObject({
      session: sessionRef,
      label: v.optional(v.nullable(sessionLabel)),
      model: v.optional(v.nullable(modelName)),
      thinking: v.optional(v.nullable(thinking)),
    }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: async ({ session: ref, ...changes }, { deps }) => {
      const found = await findSession(deps.store, ref);
      if (typeof changes.model === "string") deps.models.require(changes.model);
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
    name: "sessions.history",
    summary: "The same as chat.history.",
    params: historyParams,
    result: historyResult,
    scope: "read",
    handler: (params, { deps }) => history(params, deps),
  }),
  ...shelfMethods,
  ...findMethods,
];
