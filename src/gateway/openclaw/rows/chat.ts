import { RequestError } from "../../../core/errors.ts";
import { v } from "../../../lib/schema/index.ts";
import type { TurnResult } from "../../methods/schemas.ts";
import { defineRow, refuse, type RowCall } from "../row.ts";
import { keyOf, ourModel, sessionName, type History, type SessionInfo } from "../session-ref.ts";
import { messagesOf } from "../transcript.ts";

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const ms = v.pipe(v.number(), v.integer(), v.minValue(0));
const noFiles = v.optional(v.array(v.unknown()));

export type Sent = { turn_id: string; message_id: string; session: string } | { command: string; reply: string };

const LEVELS = ["off", "low", "medium", "high"];

/** Their levels are more than ours: between two the lower one, beyond the highest the highest. */
function thinkingOf(level: string | undefined): { thinking?: string } {
  if (level === undefined || level === "") return {};
  const known: Readonly<Record<string, string>> = { minimal: "low", xhigh: "high", max: "high" };
  const thinking = known[level] ?? level;
  if (!LEVELS.includes(thinking)) throw new RequestError("bad_params", `thinking ${JSON.stringify(level.slice(0, 40))} is not one of ${LEVELS.join(", ")}`);
  return { thinking };
}

interface Send {
  readonly session: string;
  readonly message: string;
  readonly key?: string | undefined;
  readonly thinking?: string | undefined;
  readonly model?: string | undefined;
}

interface Started {
  readonly runId: string;
  readonly status: "started" | "ok";
  readonly sessionKey: string;
  /** What a command was answered. */
  readonly summary?: string;
}

/** Hands the message in and answers what their `chat.send` does. */
export async function sendChat(call: RowCall, { session, message, key, thinking, model }: Send): Promise<Started> {
  const sent = await call.call<Sent>("chat.send", {
    session,
    message,
    ...(key === undefined ? {} : { idempotency_key: key }),
    ...thinkingOf(thinking),
    ...(model === undefined ? {} : { model: ourModel(model) }),
  });
  // A command is answered at once and starts no turn: the run is over with its answer.
  if ("command" in sent) {
    const runId = key ?? sent.command;
    call.say(session, runId, sent.reply);
    return { runId, status: "ok", sessionKey: session, summary: sent.reply };
  }
  call.keepRun(sent.turn_id, sent.message_id);
  return { runId: sent.turn_id, status: "started", sessionKey: sent.session };
}

export const chatRows = [
  defineRow({
    method: "chat.send",
    scope: "write",
    calls: ["chat.send"],
    params: v.looseObject({
      sessionKey: sessionName,
      agentId: v.optional(name),
      message: v.string(),
      thinking: v.optional(v.string()),
      deliver: v.optional(v.boolean()),
      attachments: noFiles,
      idempotencyKey: name,
    }),
    run: (given, call) => {
      refuse("deliver", given.deliver, [false]);
      if (given.attachments?.length) refuse("attachments", given.attachments);
      return sendChat(call, { session: keyOf(given.sessionKey, given.agentId), message: given.message, key: given.idempotencyKey, thinking: given.thinking });
    },
  }),
  defineRow({
    method: "chat.history",
    scope: "read",
    calls: ["chat.history", "sessions.get"],
    params: v.looseObject({ sessionKey: sessionName, agentId: v.optional(name), limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))) }),
    run: async ({ sessionKey, agentId, limit = 200 }, call) => {
      const session = keyOf(sessionKey, agentId);
      const info = await known(call.call<SessionInfo>("sessions.get", { session }));
      // A conversation begins with its first message; before it there is nothing to show.
      if (info === undefined) return { sessionKey: session, messages: [] };
      const { entries, session_id } = await call.call<History>("chat.history", { session, limit: Math.min(limit, 500) });
      return {
        sessionKey: session,
        sessionId: session_id,
        messages: messagesOf(entries),
        ...(info.thinking === undefined ? {} : { thinkingLevel: info.thinking }),
      };
    },
  }),
  defineRow({
    method: "chat.abort",
    scope: "write",
    calls: ["chat.abort"],
    params: v.looseObject({ sessionKey: sessionName, agentId: v.optional(name), runId: v.optional(name) }),
    run: async ({ sessionKey, agentId, runId }, call) => {
      const target = runId === undefined ? { session: keyOf(sessionKey, agentId) } : { turn_id: runId };
      const { turn_ids } = await call.call<{ turn_ids: string[] }>("chat.abort", target);
      return { ok: true, aborted: turn_ids.length > 0, runIds: turn_ids };
    },
  }),
  defineRow({
    method: "agent",
    scope: "write",
    calls: ["chat.send", "agent.wait"],
    params: v.looseObject({
      message: v.pipe(v.string(), v.minLength(1)),
      agentId: v.optional(name),
      sessionKey: v.optional(sessionName),
      sessionId: v.optional(v.string()),
      to: v.optional(v.string()),
      provider: v.optional(v.string()),
      model: v.optional(v.string()),
      thinking: v.optional(v.string()),
      deliver: v.optional(v.boolean()),
      channel: v.optional(v.string()),
      attachments: noFiles,
      extraSystemPrompt: v.optional(v.string()),
      timeout: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      idempotencyKey: name,
    }),
    run: async (given, call) => {
      refuse("deliver", given.deliver, [false]);
      refuse("to", given.to, [""]);
      refuse("extraSystemPrompt", given.extraSystemPrompt, [""]);
      if (given.attachments?.length) refuse("attachments", given.attachments);
      const model = given.model === undefined || given.model === "" ? undefined : given.provider ? `${given.provider}:${given.model}` : given.model;
      const session = given.sessionKey === undefined ? await byId(call, given.sessionId, given.agentId) : keyOf(given.sessionKey, given.agentId);
      const started = await sendChat(call, { session, message: given.message, key: given.idempotencyKey, thinking: given.thinking, model });
      const messageId = call.messageOf(started.runId);
      if (messageId === undefined) {
        const reply = started.summary ?? "";
        return {
          runId: started.runId,
          status: "ok",
          summary: "completed",
          sessionKey: session,
          result: { payloads: [{ text: reply, mediaUrl: null }], meta: {} },
        };
      }
      call.answerFirst({ runId: started.runId, status: "accepted", acceptedAt: call.now(), sessionKey: started.sessionKey });
      return outcomeOf(await waitFor(call, messageId, given.timeout ? given.timeout * 1000 : undefined), call.now());
    },
  }),
  defineRow({
    method: "agent.wait",
    scope: "write",
    calls: ["agent.wait"],
    params: v.looseObject({ runId: name, timeoutMs: v.optional(ms, 30_000) }),
    run: async ({ runId, timeoutMs }, call) => {
      const messageId = call.messageOf(runId);
      if (messageId === undefined) throw new RequestError("run_not_found", "no such run was started over these frames since the start");
      const { result: _result, summary: _summary, ...outcome } = outcomeOf(await waitFor(call, messageId, Math.min(timeoutMs, 86_400_000)), call.now());
      return outcome;
    },
  }),
];

function waitFor(call: RowCall, messageId: string, timeoutMs: number | undefined): Promise<TurnResult> {
  return call.call<TurnResult>("agent.wait", { message_id: messageId, ...(timeoutMs === undefined ? {} : { timeout_ms: Math.min(timeoutMs, 86_400_000) }) });
}

function outcomeOf(turn: TurnResult, now: number) {
  const status = turn.outcome === "done" ? "ok" : turn.outcome === "running" ? "timeout" : "error";
  const reason = turn.error === undefined ? undefined : turn.error.hint === undefined ? turn.error.message : `${turn.error.message} (${turn.error.hint})`;
  return {
    runId: turn.turn_id,
    status,
    endedAt: now,
    sessionKey: turn.session,
    summary: turn.outcome === "done" ? "completed" : (reason ?? turn.outcome),
    ...(status === "error" ? { error: reason ?? turn.outcome } : {}),
    result: {
      payloads: turn.text === "" ? [] : [{ text: turn.text, mediaUrl: null }],
      meta: {
        agentMeta: { usage: turn.usage },
        ...(turn.outcome === "cancelled" ? { aborted: true } : {}),
      },
    },
  };
}

async function byId(call: RowCall, sessionId: string | undefined, agent: string | undefined): Promise<string> {
  if (sessionId === undefined || sessionId === "") return keyOf("main", agent);
  return (await call.call<SessionInfo>("sessions.get", { session: sessionId })).session;
}

/** Undefined when there is none. */
export async function known<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RequestError && error.code === "session_not_found") return undefined;
    throw error;
  }
}
