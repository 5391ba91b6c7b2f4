/**
 * What of the config takes effect while the gateway runs. The notes of the schema (`restart`) say the same, and a test holds both equal: whoever changes a key is
 * told truthfully whether it holds now.
 */
import type { ApplyChange } from "../config/index.ts";
import { channelAccounts } from "../config/channel-accounts.ts";
import { channelsConfig } from "../config/channels.ts";
import type { Config } from "../config/schema.ts";
import type { LogLevel } from "../observe/index.ts";
import type { AgentSettings } from "../turn/agent-settings.ts";
import type { Places } from "../turn/place.ts";
import { agentNames, agentSettings, placesOf } from "./settings.ts";

export interface LiveSettings {
  config(): Config;
  agents(): readonly string[];
  /** @throws RequestError `agent_not_found` */
  agent(name: string): AgentSettings;
  readonly places: Places;
  /** Takes sections of a changed config. @throws RequestError `agent_not_found` when a place names an agent that is not live: nothing was taken. */
  take(sections: Partial<Pick<Config, "agents" | "sessions" | "people" | "channels" | "hooks" | "usage">>): void;
}

/** @param timeZone IANA name, of this machine. */
export function createLiveSettings(config: Config, timeZone = "UTC"): LiveSettings {
  let live = config;
  let places = placesOf(live, timeZone);
  return {
    config: () => live,
    agents: () => agentNames(live),
    agent: (name) => agentSettings(live, name),
    places: (channel, account) => places(channel, account),
    take(sections) {
      const next = { ...live, ...sections };
      for (const { settings } of channelAccounts(next)) agentSettings(next, settings.agent ?? "main");
      for (const { agent } of next.agents.bindings) agentSettings(next, agent);
      live = next;
      places = placesOf(next, timeZone);
    },
  };
}

/** The keys of a channel account that are about who may speak and how it is answered, not about the connection. */
const PLACE_KEYS = [
  "dm_policy",
  "allowed_users",
  "owner_ids",
  "groups",
  "tools",
  "users",
  "agent",
  "system_prompt",
  "scope",
  "reset",
  "queue_mode",
  "reply_back",
];

/** Every channel but our own clients'. */
const CHANNELS = Object.keys(channelsConfig.entries).filter((name) => name !== "web");

/** All of `[agents]` but its sandbox, which is set up when the gateway starts. */
const AGENT_KEYS = [
  "model",
  "fallbacks",
  "summary_model",
  "system_prompt",
  "max_tokens",
  "max_steps",
  "max_turn_tokens",
  "timeout_seconds",
  "outage_hours",
  "thinking",
  "tools",
  "approval_minutes",
  "workspace",
  "sub_agents",
  "list",
  "bindings",
];

/** All of `[hooks]` but the outgoing ones, which are set up when the gateway starts. */
const HOOK_KEYS = ["token", "agent", "agents", "deliver", "in"];

export interface ApplyTo {
  readonly live: LiveSettings;
  /** @throws when no such model can be asked now, because its provider needs a restart. */
  readonly requireModel: (id: string) => unknown;
  /** Makes the providers anew. @throws when an agent's model would not be there */
  readonly setProviders: (config: Config) => Promise<void> | void;
  /** Starts the accounts anew that these paths are about. */
  readonly restartChannels: (config: Config, paths: readonly string[]) => Promise<void> | void;
  /** Makes the tools for the web anew. @throws ConfigError */
  readonly setWebTools: (config: Config) => Promise<void> | void;
  /** Starts the jobs anew. */
  readonly restartJobs: (config: Config) => Promise<void> | void;
  readonly setRateLimit: (config: Config) => void;
  /** A new token or password holds for new connections and open ones (sec-16). */
  readonly setAuth: () => Promise<void> | void;
  /** Unset when the command line has chosen the level. */
  readonly setLogLevel?: (level: LogLevel) => void;
}

/** @param config what the gateway was started with: an account that is added later is started anew with every change of it. */
export function applyChanges(editor: { onChange(prefix: string, apply: ApplyChange): unknown }, config: Config, to: ApplyTo): void {
  const { live } = to;
  // First: agents and accounts may name what they bring.
  editor.onChange("providers", (changed) => to.setProviders(changed));
  for (const key of AGENT_KEYS) {
    editor.onChange(`agents.${key}`, (changed) => {
      for (const name of agentNames(changed)) for (const model of agentSettings(changed, name).models) to.requireModel(model);
      if (changed.agents.summary_model !== undefined) to.requireModel(changed.agents.summary_model);
      live.take({ agents: changed.agents });
    });
  }
  for (const key of HOOK_KEYS) {
    editor.onChange(`hooks.${key}`, (changed) => {
      for (const { model } of Object.values(changed.hooks.in)) if (model !== undefined) to.requireModel(model);
      live.take({ hooks: changed.hooks });
    });
  }
  editor.onChange("sessions", ({ sessions }) => live.take({ sessions }));
  editor.onChange("people", ({ people }) => live.take({ people }));
  editor.onChange("usage", ({ usage }) => live.take({ usage }));
  editor.onChange("gateway.rate_limit", (changed) => to.setRateLimit(changed));
  editor.onChange("gateway.auth", () => to.setAuth());
  const { setLogLevel } = to;
  if (setLogLevel) editor.onChange("logging.level", ({ logging }) => setLogLevel(logging.level));
  for (const name of ["web_fetch", "web_search"]) editor.onChange(`tools.${name}`, (changed) => to.setWebTools(changed));
  editor.onChange("cron", (changed) => to.restartJobs(changed));
  for (const name of CHANNELS) {
    editor.onChange(`channels.${name}`, async (changed, paths) => {
      live.take({ channels: changed.channels });
      await to.restartChannels(changed, paths);
    });
  }
  for (const { path } of channelAccounts(config)) {
    for (const key of PLACE_KEYS) editor.onChange([...path, key].join("."), ({ channels }) => live.take({ channels }));
  }
}
