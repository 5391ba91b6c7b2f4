import { RequestError } from "../../../core/errors.ts";
import { v } from "../../../lib/schema/index.ts";
import { defineRow, refuse, type RowCall } from "../row.ts";
import { keyOf, ourModel, sessionName, sessionRow, theirModel, type SessionInfo } from "../session-ref.ts";
import { known, sendChat } from "./chat.ts";

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const key = { key: sessionName, agentId: v.optional(name) };
const listParams = v.looseObject({
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100),
  offset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  agentId: v.optional(name),
  label: v.optional(v.string()),
  search: v.optional(v.string()),
  activeMinutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

async function list(given: v.InferOutput<typeof listParams>, call: RowCall) {
  refuse("offset", given.offset, [0]);
  const { sessions } = await call.call<{ sessions: SessionInfo[] }>("sessions.list", {
    limit: 500,
    ended: false,
    ...(given.agentId === undefined ? {} : { agent: given.agentId }),
  });
  const { default: model, models } = await call.call<{ default: string; models: { id: string; context_tokens: number }[] }>("models.list");
  const since = given.activeMinutes === undefined ? 0 : call.now() - given.activeMinutes * 60_000;
  const words = given.search?.toLowerCase();
  const wanted = sessions.filter(
    (one) =>
      one.updated_at >= since &&
      (given.label === undefined || one.label === given.label) &&
      (words === undefined || `${one.session} ${one.label ?? ""}`.toLowerCase().includes(words)),
  );
  const shown = wanted.slice(0, given.limit);
  return {
    ts: call.now(),
    path: "",
    count: shown.length,
    totalCount: wanted.length,
    hasMore: wanted.length > shown.length,
    defaults: { ...theirModel(model), contextTokens: models.find(({ id }) => id === model)?.context_tokens ?? null },
    sessions: shown.map(sessionRow),
  };
}

/** What a change of a session may name; each other key of theirs would change something we do not have. */
const CHANGEABLE = new Set(["key", "agentId", "label", "model", "thinkingLevel", "expectedSessionId"]);

async function requireSame(call: RowCall, session: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return;
  const { session_id } = await call.call<SessionInfo>("sessions.get", { session });
  if (session_id !== expected) throw new RequestError("session_not_found", "the session has been replaced since");
}

export const sessionRows = [
  defineRow({ method: "sessions.list", scope: "read", calls: ["sessions.list", "models.list"], params: listParams, run: list }),
  defineRow({
    method: "sessions.subscribe",
    scope: "read",
    calls: ["sessions.list", "models.list"],
    params: listParams,
    run: async (given, call) => {
      call.watchSessions(true);
      const asked = Object.keys(given).some((one) => one !== "limit") || given.limit !== 100;
      return asked ? { subscribed: true, list: await list(given, call) } : { subscribed: true };
    },
  }),
  defineRow({
    method: "sessions.unsubscribe",
    scope: "read",
    calls: ["sessions.list"],
    params: v.looseObject({}),
    run: (_, call) => {
      call.watchSessions(false);
      return { subscribed: false };
    },
  }),
  defineRow({
    method: "sessions.describe",
    scope: "read",
    calls: ["sessions.get"],
    params: v.looseObject(key),
    run: async (given, call) => {
      const session = await known(call.call<SessionInfo>("sessions.get", { session: keyOf(given.key, given.agentId) }));
      return { session: session === undefined ? null : sessionRow(session) };
    },
  }),
  defineRow({
    method: "sessions.resolve",
    scope: "read",
    calls: ["sessions.get", "sessions.list"],
    params: v.looseObject({
      key: v.optional(sessionName),
      sessionId: v.optional(name),
      label: v.optional(v.string()),
      agentId: v.optional(name),
      allowMissing: v.optional(v.boolean(), false),
    }),
    run: async (given, call) => {
      const found = await resolve(given, call);
      if (found !== undefined) return { ok: true, key: found.session, sessionId: found.session_id };
      if (given.allowMissing) return { ok: false };
      throw new RequestError("session_not_found", "no session matches");
    },
  }),
  defineRow({
    method: "sessions.create",
    scope: "write",
    calls: ["sessions.create", "chat.send"],
    params: v.looseObject({
      key: v.optional(sessionName),
      agentId: v.optional(name),
      label: v.optional(v.string()),
      model: v.optional(v.string()),
      thinkingLevel: v.optional(v.string()),
      message: v.optional(v.string()),
      task: v.optional(v.string()),
      fork: v.optional(v.boolean()),
      idempotencyKey: v.optional(name),
    }),
    run: async (given, call) => {
      refuse("fork", given.fork, [false]);
      const made = await call.call<SessionInfo>("sessions.create", {
        ...(given.key === undefined ? {} : { session: keyOf(given.key, given.agentId) }),
        ...(given.agentId === undefined ? {} : { agent: given.agentId }),
        ...(given.label === undefined ? {} : { label: given.label }),
        ...(given.model === undefined ? {} : { model: ourModel(given.model) }),
        ...(given.thinkingLevel === undefined ? {} : { thinking: given.thinkingLevel }),
      });
      const first = given.message ?? given.task;
      const run = first === undefined || first === "" ? undefined : await sendChat(call, { session: made.session, message: first, key: given.idempotencyKey });
      const started = run === undefined ? {} : { runId: run.runId, runStarted: run.status === "started" };
      return { ok: true, key: made.session, sessionId: made.session_id, entry: sessionRow(made), ...started };
    },
  }),
  defineRow({
    method: "sessions.send",
    scope: "write",
    calls: ["chat.send", "sessions.get"],
    params: v.looseObject({
      ...key,
      message: v.string(),
      thinking: v.optional(v.string()),
      attachments: v.optional(v.array(v.unknown())),
      idempotencyKey: v.optional(name),
    }),
    run: async (given, call) => {
      if (given.attachments?.length) refuse("attachments", given.attachments);
      const { session } = await call.call<SessionInfo>("sessions.get", { session: keyOf(given.key, given.agentId) });
      return sendChat(call, { session, message: given.message, key: given.idempotencyKey, thinking: given.thinking });
    },
  }),
  defineRow({
    method: "sessions.abort",
    scope: "write",
    calls: ["chat.abort"],
    params: v.looseObject({ key: v.optional(sessionName), agentId: v.optional(name), runId: v.optional(name) }),
    run: async ({ key: given, agentId, runId }, call) => {
      const target = runId !== undefined ? { turn_id: runId } : given !== undefined ? { session: keyOf(given, agentId) } : {};
      const { turn_ids } = await call.call<{ turn_ids: string[] }>("chat.abort", target);
      return { ok: true, abortedRunId: turn_ids[0] ?? null, status: turn_ids.length > 0 ? "aborted" : "no-active-run" };
    },
  }),
  defineRow({
    method: "sessions.patch",
    scope: "write",
    calls: ["sessions.patch"],
    params: v.looseObject({
      ...key,
      label: v.optional(v.nullable(v.string())),
      model: v.optional(v.nullable(v.string())),
      thinkingLevel: v.optional(v.nullable(v.string())),
      expectedSessionId: v.optional(name),
    }),
    run: async (given, call) => {
      for (const [one, value] of Object.entries(given)) if (!CHANGEABLE.has(one)) refuse(one, value);
      const session = keyOf(given.key, given.agentId);
      await requireSame(call, session, given.expectedSessionId);
      const { label, model, thinkingLevel } = given;
      const changed = await call.call<SessionInfo>("sessions.patch", {
        session,
        ...(label === undefined ? {} : { label }),
        ...(model === undefined ? {} : { model: model === null ? null : ourModel(model) }),
        ...(thinkingLevel === undefined ? {} : { thinking: thinkingLevel }),
      });
      return {
        ok: true,
        path: "",
        key: changed.session,
        entry: sessionRow(changed),
        ...(changed.model === undefined ? {} : { resolved: theirModel(changed.model) }),
      };
    },
  }),
  defineRow({
    method: "sessions.reset",
    scope: "admin",
    calls: ["sessions.reset", "sessions.get"],
    params: v.looseObject({ ...key, expectedSessionId: v.optional(name) }),
    run: async (given, call) => {
      const session = keyOf(given.key, given.agentId);
      await requireSame(call, session, given.expectedSessionId);
      const fresh = await call.call<SessionInfo>("sessions.reset", { session });
      return { ok: true, key: fresh.session, sessionId: fresh.session_id, entry: sessionRow(fresh) };
    },
  }),
  defineRow({
    method: "sessions.preview",
    scope: "read",
    calls: ["sessions.preview"],
    params: v.looseObject({
      keys: v.pipe(v.array(sessionName), v.minLength(1), v.maxLength(50)),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 5),
    }),
    run: async ({ keys, limit }, call) => {
      const previews = [];
      for (const one of keys) {
        const found = await known(
          call.call<{ last: { role: string; text: string }[] }>("sessions.preview", { session: keyOf(one), limit: Math.min(limit, 20) }),
        );
        const items = (found?.last ?? []).map(({ role, text }) => ({ role, text }));
        previews.push({ key: one, status: found === undefined ? "missing" : items.length === 0 ? "empty" : "ok", items });
      }
      return { ts: call.now(), previews };
    },
  }),
  defineRow({
    method: "sessions.compact",
    scope: "write",
    calls: ["sessions.compact"],
    params: v.looseObject({ ...key, maxLines: v.optional(v.number()) }),
    run: async (given, call) => {
      refuse("maxLines", given.maxLines);
      const session = keyOf(given.key, given.agentId);
      const { outcome } = await call.call<{ outcome: string }>("sessions.compact", { session });
      const compacted = outcome === "summarised" || outcome === "trimmed";
      return { ok: true, key: session, compacted, ...(compacted ? {} : { reason: outcome }) };
    },
  }),
  defineRow({
    method: "sessions.delete",
    scope: "write",
    calls: ["sessions.delete", "sessions.get"],
    params: v.looseObject({ ...key, deleteTranscript: v.optional(v.boolean()), archivedOnly: v.optional(v.boolean()), expectedSessionId: v.optional(name) }),
    run: async (given, call) => {
      // Deleting here takes the transcript too.
      refuse("deleteTranscript", given.deleteTranscript, [true]);
      refuse("archivedOnly", given.archivedOnly, [false]);
      const session = keyOf(given.key, given.agentId);
      await requireSame(call, session, given.expectedSessionId);
      const { deleted } = await call.call<{ deleted: boolean }>("sessions.delete", { session });
      return { ok: true, key: session, deleted, archived: [] };
    },
  }),
];

interface Wanted {
  readonly key?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly label?: string | undefined;
  readonly agentId?: string | undefined;
}

async function resolve({ key: given, sessionId, label, agentId }: Wanted, call: RowCall): Promise<SessionInfo | undefined> {
  if (given !== undefined) return known(call.call<SessionInfo>("sessions.get", { session: keyOf(given, agentId) }));
  if (sessionId !== undefined) return known(call.call<SessionInfo>("sessions.get", { session: sessionId }));
  if (label === undefined) throw new RequestError("bad_params", "sessions.resolve needs key, sessionId or label");
  const { sessions } = await call.call<{ sessions: SessionInfo[] }>("sessions.list", { limit: 500, ended: false });
  return sessions.find((one) => one.label === label && (agentId === undefined || one.agent === agentId));
}
