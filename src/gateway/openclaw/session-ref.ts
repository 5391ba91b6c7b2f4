import { v } from "../../lib/schema/index.ts";
import type { historyResult } from "../methods/history.ts";
import type { sessionInfo } from "../methods/schemas.ts";

export type SessionInfo = v.InferOutput<typeof sessionInfo>;
export type History = v.InferOutput<typeof historyResult>;

export const sessionName = v.pipe(v.string(), v.minLength(1), v.maxLength(512));

/** Our key of a session as their clients write it: `main`, a name of their own, or a whole key. */
export function keyOf(given: string, agent = "main"): string {
  return given.startsWith("agent:") ? given : `agent:${agent}:${given}`;
}

/** `provider:model` here is `provider/model` there. */
export function theirModel(model: string): { modelProvider: string; model: string } {
  const at = model.indexOf(":");
  return { modelProvider: model.slice(0, Math.max(0, at)), model: model.slice(at + 1) };
}

export function ourModel(model: string): string {
  return model.includes(":") ? model : model.replace("/", ":");
}

/** One row of their session index. */
export function sessionRow(session: SessionInfo): Record<string, unknown> {
  const parts = session.session.split(":");
  return {
    key: session.session,
    kind: parts.includes("group") ? "group" : session.session.endsWith(":global") ? "global" : "direct",
    sessionId: session.session_id,
    agentId: session.agent,
    updatedAt: session.updated_at,
    createdAt: session.created_at,
    ...(session.label === undefined ? {} : { label: session.label, displayName: session.label }),
    ...(session.model === undefined ? {} : theirModel(session.model)),
    ...(session.thinking === undefined ? {} : { thinkingLevel: session.thinking }),
  };
}
