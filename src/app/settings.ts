import { channelAccounts, type ConfiguredAccount } from "../config/channel-accounts.ts";
import type { Config } from "../config/schema.ts";
import type { ResetRuleConfig } from "../lib/schema/reset-rule.ts";
import { RequestError } from "../core/errors.ts";
import type { RulesFor } from "../security/tool-rules.ts";
import type { Binding } from "../sessions/bindings.ts";
import type { ResetRule } from "../sessions/reset.ts";
import type { AgentSettings } from "../turn/agent-settings.ts";
import type { Budgets } from "../turn/spending.ts";
import type { SubAgentLimits } from "../turn/sub-agents.ts";
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
    ...(agents.summary_model !== undefined && { summaryModel: agents.summary_model }),
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

export function budgetsOf({ usage }: Config): Budgets {
  return { dayTokens: usage.day_tokens, dayUsd: usage.day_usd, sessionTokens: usage.session_tokens, sessionUsd: usage.session_usd };
}

export function subAgentLimitsOf({ agents: { sub_agents: limits } }: Config): SubAgentLimits {
  return { maxDepth: limits.max_depth, maxRunning: limits.max_running, timeoutMs: limits.timeout_minutes * 60_000 };
}

/** What the owner set for every place messages come from. @param timeZone IANA name, of this machine. */
export function placesOf(config: Config, timeZone: string): Places {
  const places = new Map<string, Place>();
  for (const one of channelAccounts(config)) places.set(`${one.channel}:${one.account}`, placeOf(config, one, timeZone));
  const web = webPlace(config, timeZone);
  return (channel, account) => (channel === "web" ? web : places.get(`${channel}:${account}`));
}

function placeOf(config: Config, { channel, account: name, settings: account }: ConfiguredAccount, timeZone: string): Place {
  const { sessions, agents } = config;
  const { groups } = account;
  return {
    policy: {
      ownerIds: account.owner_ids,
      allowedUsers: account.allowed_users,
      dmPolicy: account.dm_policy,
      groups: { policy: groups.policy, allowed: groups.allowed, requireMention: groups.require_mention, trusted: groups.trusted },
    },
    agent: account.agent ?? "main",
    bindings: bindingsOf(agents.bindings, channel, name, account.agent),
    people: peopleOf(config, channel, name),
    scope: account.scope ?? sessions.scope,
    reset: resetRule(account.reset ?? sessions.reset, config, timeZone),
    queueMode: account.queue_mode ?? sessions.queue_mode,
    batchQuietMs: sessions.batch_quiet_ms,
    replyBack: account.reply_back ?? sessions.reply_back,
    systemPrompt: account.system_prompt,
    tools: account.tools,
    users: account.users,
  };
}

/** The account's own `agent` binds the account; what is written in `agents.bindings` about the same goes before it. */
function bindingsOf(bindings: readonly Binding[], channel: string, account: string, own: string | undefined): Binding[] {
  const here = bindings.filter((one) => (one.channel ?? channel) === channel && (one.account ?? account) === account);
  return own === undefined ? here : [...here, { agent: own, channel, account }];
}

/** Where an agent is bound, those of channel accounts (`agent`) among them. */
export function bindingsOfAgent(config: Config, name: string): Binding[] {
  const own = channelAccounts(config).map(({ channel, account, settings }) => ({ agent: settings.agent, channel, account }));
  return [...config.agents.bindings, ...own].filter((one): one is Binding => one.agent === name);
}

/** `CHANNEL:ID` is about every account of the channel; `CHANNEL:ACCOUNT:ID` only where there is such an account, for some platforms' ids have colons themselves. */
function peopleOf(config: Config, channel: string, account: string): ReadonlyMap<string, string> {
  const accounts = channelAccounts(config).flatMap((one) => (one.channel === channel ? [one.account] : []));
  const people = new Map<string, string>();
  for (const [name, { identities }] of Object.entries(config.people)) {
    for (const identity of identities) {
      if (!identity.startsWith(`${channel}:`)) continue;
      const id = identity.slice(channel.length + 1);
      const named = accounts.find((one) => id.startsWith(`${one}:`));
      if (named === undefined) people.set(id, name);
      else if (named === account) people.set(id.slice(named.length + 1), name);
    }
  }
  return people;
}

function resetRule({ mode, at, tz, minutes }: ResetRuleConfig, { cron }: Config, timeZone: string): ResetRule {
  if (mode === "idle") return { mode, minutes };
  const [hour = 0, minute = 0] = at.split(":").map(Number);
  return mode === "daily" ? { mode, minute: hour * 60 + minute, timeZone: tz ?? cron.time_zone ?? timeZone } : { mode };
}

/** Our own clients: nobody is let in by a list, only by what the gateway has authenticated. */
function webPlace(config: Config, timeZone: string): Place {
  const { sessions } = config;
  return {
    policy: { ownerIds: [], allowedUsers: [], dmPolicy: "off", groups: { policy: "off", allowed: [], requireMention: true, trusted: [] } },
    agent: "main",
    scope: sessions.scope,
    reset: resetRule(sessions.reset, config, timeZone),
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
