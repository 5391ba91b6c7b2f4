import { RequestError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";

/** Who shares a session in direct chats; a group is its own session unless `global` (contract.md, Config). */
export type SessionScope = "per_peer" | "per_channel_peer" | "per_channel" | "global";

/**
 * The key of the session that a message of this principal belongs to, e.g. `agent:main:main` for the owner's direct chats on every channel.
 * @param agent name of the agent that answers there.
 */
export function sessionKey(agent: string, scope: SessionScope, principal: Principal): string {
  const { channel, conversation, thread } = principal.where;
  if (scope === "global") return `agent:${agent}:global`;
  if (!principal.direct) {
    const group = `agent:${agent}:${channel}:group:${encodeURIComponent(conversation)}`;
    return thread === undefined ? group : `${group}:thread:${encodeURIComponent(thread)}`;
  }
  if (scope === "per_channel") return `agent:${agent}:${channel}:direct`;
  if (scope === "per_channel_peer") return `agent:${agent}:${channel}:direct:${principal.person}`;
  return principal.class === "owner" ? mainKey(agent) : `agent:${agent}:direct:${principal.person}`;
}

/** The owner's own session with an agent. */
export function mainKey(agent: string): string {
  return `agent:${agent}:main`;
}

const KEY = /^agent:([A-Za-z0-9_-]{1,64})(:[A-Za-z0-9_.%~!*'()-]{1,200}){1,8}$/;

/**
 * The agent named in a session key that a caller wrote.
 * @throws RequestError `bad_session_key`
 */
export function agentOfKey(key: string): string {
  const agent = KEY.exec(key)?.[1];
  if (agent === undefined) {
    throw new RequestError("bad_session_key", `not a session key: ${JSON.stringify(key.slice(0, 100))}`, {
      hint: "write agent:NAME:anything, for example agent:main:main, with letters, digits, - and _ between the colons",
    });
  }
  return agent;
}
