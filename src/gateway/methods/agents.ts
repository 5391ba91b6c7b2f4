import type { Binding } from "../../sessions/bindings.ts";
import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";
import { runAgent } from "../run-agent.ts";
import { waitForTurn } from "../wait-for-turn.ts";
import { findSession } from "../find-session.ts";
import { id, limit, sendParams, sessionRef, turnResult } from "./schemas.ts";

const timeout_ms = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000)));

const binding = v.object({ channel: v.optional(v.string()), account: v.optional(v.string()), group: v.optional(v.string()), person: v.optional(v.string()) });

function describeBinding({ channel, account, group, person }: Binding): v.InferInput<typeof binding> {
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(account === undefined ? {} : { account }),
    ...(group === undefined ? {} : { group }),
    ...(person === undefined ? {} : { person }),
  };
}

export const agentMethods = [
  defineMethod({
    name: "agent.run",
    summary: "Sends a message and waits until its turn has ended (or timeout_ms is over: outcome `running`).",
    params: v.strictObject({ ...sendParams, timeout_ms }),
    result: v.union([turnResult, v.object({ command: v.string(), reply: v.string() })]),
    scope: "write",
    mutating: true,
    long: true,
    handler: ({ idempotency_key, timeout_ms: timeoutMs, ...rest }, call) =>
      runAgent(call.deps, call.credential, { ...rest, idempotencyKey: idempotency_key, timeoutMs, signal: call.signal }),
  }),
  defineMethod({
    name: "agent.wait",
    summary: "Waits until the turn that answers a message has ended.",
    params: v.strictObject({ message_id: id, timeout_ms }),
    result: turnResult,
    scope: "read",
    long: true,
    handler: ({ message_id, timeout_ms: timeoutMs }, { deps, signal }) => waitForTurn(deps, { messageId: message_id, timeoutMs, signal }),
  }),
  defineMethod({
    name: "agent.status",
    summary: "Turns that are queued, running or waiting, newest first.",
    params: v.strictObject({ session: v.optional(sessionRef), limit: v.optional(limit(500), 50) }),
    result: v.object({
      turns: v.array(
        v.object({
          turn_id: v.string(),
          session: v.string(),
          agent: v.string(),
          status: v.string(),
          attempts: v.number(),
          steps: v.number(),
          created_at: v.number(),
          started_at: v.optional(v.number()),
          not_before: v.number(),
          reason: v.optional(v.literal("model_away")),
        }),
      ),
    }),
    scope: "read",
    handler: async ({ session, limit }, { deps }) => {
      const sessionId = session === undefined ? undefined : (await findSession(deps.store, session)).id;
      const turns = await deps.store.listTurns({ statuses: ["queued", "running", "waiting"], limit, sessionId });
      return {
        turns: turns.map((turn) => ({
          turn_id: turn.id,
          session: turn.sessionKey,
          agent: turn.agent,
          status: turn.status,
          attempts: turn.attempts,
          steps: turn.steps,
          created_at: turn.createdAt,
          started_at: turn.startedAt,
          not_before: turn.notBefore,
          reason: turn.outageSince === undefined ? undefined : ("model_away" as const),
        })),
      };
    },
  }),
  defineMethod({
    name: "agents.list",
    summary: "The configured agents, their models, and where each of them answers instead of main.",
    params: v.strictObject({}),
    result: v.object({ agents: v.array(v.object({ name: v.string(), model: v.string(), bindings: v.array(binding) })) }),
    scope: "read",
    handler: (_, { deps }) => ({
      agents: deps.agents.list().map(({ name, model, bindings = [] }) => ({ name, model, bindings: bindings.map(describeBinding) })),
    }),
  }),
  defineMethod({
    name: "models.list",
    summary: "Models of the configured providers.",
    params: v.strictObject({}),
    result: v.object({
      default: v.string(),
      models: v.array(v.object({ id: v.string(), context_tokens: v.number(), images: v.boolean(), thinking: v.boolean() })),
    }),
    scope: "read",
    handler: async (_, { deps }) => ({
      default: deps.models.default,
      models: (await deps.models.list()).map((model) => ({
        id: model.id,
        context_tokens: model.contextTokens,
        images: model.images,
        thinking: model.thinking,
      })),
    }),
  }),
];
