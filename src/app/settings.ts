import { channelAccounts } from "../config/channel-accounts.ts";
import type { Config } from "../config/schema.ts";
import type { ChannelAccountConfig } from "../channels/config.ts";
import { RequestError } from "../core/errors.ts";
import type { RulesFor } from "../security/tool-rules.ts";
import type { AgentSettings } from "../turn/agent-settings.ts";
import type { Place, Places } from "../turn/place.ts";

/** The config as the hall wants it: plain values in the hall's own words. */
export function agentSettings(config: Config, name: string): AgentSettings {
  const { agents, sessions } = config;
  const own = name === "main" ? agents : agents.list[name];
  if (own === undefined) {
    throw new RequestError("agent_not_found", `no such agent: ${name}`, { hint: `configured are: ${["main", ...Object.keys(agents.list)].join(", ")}` });
  }
  return {
    name,
    models: [own.model ?? agents.model, ...(own.fallbacks ?? agents.fallbacks)],
    systemPrompt: own.system_prompt ?? agents.system_prompt,
    maxTokens: agents.max_tokens,
    maxSteps: agents.max_steps,
    maxTurnTokens: agents.max_turn_tokens,
    timeoutMs: agents.timeout_seconds * 1000,
    outageMs: agents.outage_hours * 3600_000,
    thinking: own.thinking ?? agents.thinking,
    maxContextTokens: sessions.max_context_tokens,
    approvalMs: agents.approval_minutes * 60_000,
    tools: own.tools ?? agents.tools,
  };
}

export function agentNames({ agents }: Pick<Config, "agents">): string[] {
  return ["main", ...Object.keys(agents.list)];
}

/** What the owner set for every place messages come from. */
export function placesOf(config: Config): Places {
  const places = new Map<string, Place>();
  for (const { channel, account, settings } of channelAccounts(config)) places.set(`${channel}:${account}`, placeOf(config, settings));
  const web = webPlace(config);
  return (channel, account) => (channel === "web" ? web : places.get(`${channel}:${account}`));
}

function placeOf({ sessions }: Config, account: ChannelAccountConfig): Place {
  const { groups } = account;
  return {
    policy: {
      ownerIds: account.owner_ids,
      allowedUsers: account.allowed_users,
      dmPolicy: account.dm_policy,
      groups: { policy: groups.policy, allowed: groups.allowed, requireMention: groups.require_mention, trusted: groups.trusted },
    },
    agent: account.agent ?? "main",
    scope: account.scope ?? sessions.scope,
    queueMode: account.queue_mode ?? sessions.queue_mode,
    batchQuietMs: sessions.batch_quiet_ms,
    replyBack: account.reply_back ?? sessions.reply_back,
    systemPrompt: account.system_prompt,
    tools: account.tools,
    users: account.users,
  };
}

/** Our own clients: nobody is let in by a list, only by what the gateway has authenticated. */
function webPlace({ sessions }: Config): Place {
  return {
    policy: { ownerIds: [], allowedUsers: [], dmPolicy: "off", groups: { policy: "off", allowed: [], requireMention: true, trusted: [] } },
    agent: "main",
    scope: sessions.scope,
    queueMode: sessions.queue_mode,
    batchQuietMs: sessions.batch_quiet_ms,
    replyBack: "always",
  };
}

/** The owner's rules for one caller: of the agent, of the place and of the sender. */
export function toolRulesOf(live: { agent: (name: string) => AgentSettings; places: Places }): RulesFor {
  return (agent, { where, sender }) => {
    const place = live.places(where.channel, where.account);
    const own = sender !== undefined && place?.users && Object.hasOwn(place.users, sender) ? place.users[sender] : undefined;
    return { agent: live.agent(agent).tools, channel: place?.tools, sender: own?.tools };
  };
}
