import { agentsConfig } from "../agent/config.ts";
import { parseAddress } from "../core/address.ts";
import { Secret } from "../core/secret.ts";
import { cronConfig } from "../jobs/config.ts";
import { hooksConfig } from "../hooks/config.ts";
import { gatewayConfig } from "../gateway/config.ts";
import { described, toJsonSchema, v } from "../lib/schema/index.ts";
import { providersConfig } from "../models/config.ts";
import { loggingConfig, metricsConfig } from "../observe/config.ts";
import { peopleConfig, sessionsConfig } from "../sessions/config.ts";
import { storageConfig } from "../store/config.ts";
import { memoryConfig } from "../tools/memory/config.ts";
import { usageConfig } from "../turn/config.ts";
import { webFetchConfig } from "../tools/web-fetch/config.ts";
import { webSearchConfig } from "../tools/web-search/config.ts";
import { channelAccounts } from "./channel-accounts.ts";
import { channelsConfig } from "./channels.ts";

const notifications = v.strictObject({
  to: described(
    v.optional(v.array(v.pipe(v.string(), v.check(isAddress, "must be channel:account:conversation[:thread], for example telegram:default:12345"))), []),
    "Addresses for notices; empty: the owner's last direct conversation. The page always shows them.",
    { restart: true, example: ["telegram:default:12345678"] },
  ),
});

const tools = v.strictObject({
  web_fetch: described(v.optional(webFetchConfig, {}), "Reading web pages."),
  web_search: described(v.optional(webSearchConfig), "Searching the web; without it there is no such tool."),
});

const sections = v.strictObject({
  gateway: described(v.optional(gatewayConfig, {}), "Where the gateway listens and who may connect."),
  storage: described(v.optional(storageConfig, {}), "Where everything is kept."),
  agents: described(v.optional(agentsConfig, {}), "The assistant: its model, prompt, limits and tools."),
  providers: described(v.optional(providersConfig, {}), "Where models come from."),
  sessions: described(v.optional(sessionsConfig, {}), "Which messages share a conversation, and how a new one meets a running turn."),
  people: described(v.optional(peopleConfig, {}), "Who is one person on several channels."),
  channels: described(v.optional(channelsConfig, {}), "Where messages come from and go to."),
  tools: described(v.optional(tools, {}), "What single tools need; who may use which is in agents.tools."),
  memory: described(v.optional(memoryConfig, {}), "How what was remembered is found again."),
  cron: described(v.optional(cronConfig, {}), "Scheduled work."),
  hooks: described(v.optional(hooksConfig, {}), "Other programs that tell the assistant something, over HTTP."),
  usage: described(v.optional(usageConfig, {}), "What may be spent, and what it costs."),
  notifications: described(v.optional(notifications, {}), "Who is told when something needs the owner."),
  logging: described(v.optional(loggingConfig, {}), "What is logged, and how."),
  metrics: described(v.optional(metricsConfig, {}), "Prometheus metrics at /metrics."),
});

export type Config = v.InferOutput<typeof sections>;

/** The whole config: the rooms' own sections, put together without loading the rooms. Only keys whose feature exists are in it. */
export const rootSchema = v.pipe(
  sections,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const own = [dataset.value.gateway.auth.token, dataset.value.gateway.auth.password].map((secret) => secret?.reveal());
    for (const { path, secret } of channelSecrets(dataset.value)) {
      if (!new Set(own).has(secret.reveal())) continue;
      addIssue({ message: "is the same as the gateway's own token or password: whoever learns the one would have the other", path: pathItems(path) });
    }
    for (const { path, first } of sharedSecrets(dataset.value))
      addIssue({ message: `is the same as ${first}: what comes in by it could belong to either`, path: pathItems(path) });
    for (const { path, agent } of namedAgents(dataset.value)) {
      if (agent === "main" || Object.hasOwn(dataset.value.agents.list, agent)) continue;
      addIssue({ message: "names an agent that is not in agents.list", path: pathItems(path) });
    }
    for (const { path, first } of sharedIdentities(dataset.value))
      addIssue({ message: `belongs to ${first} already: nobody is two people`, path: pathItems(path) });
    const providers = ["offline", ...Object.keys(dataset.value.providers)];
    const embeddings = dataset.value.memory.embeddings;
    if (embeddings !== undefined && !embeds(embeddings, dataset.value)) addIssue({ message: NO_EMBEDDINGS, path: pathItems(["memory", "embeddings"]) });
    for (const { path, model } of namedModels(dataset.value)) {
      const provider = model.slice(0, model.indexOf(":"));
      if (providers.includes(provider)) continue;
      addIssue({
        message: `names the provider ${provider}, which is not configured: add [providers.${provider}], or use one of ${providers.join(", ")}`,
        path: pathItems(path),
      });
    }
  }),
);

const NO_EMBEDDINGS = "names a provider that is not configured or makes no vectors: it has to be one in [providers] that speaks OpenAI's wire, or ollama";

/** Ollama of this machine needs no section of its own. */
function embeds(model: string, { providers }: Config): boolean {
  const name = model.slice(0, model.indexOf(":"));
  return Object.hasOwn(providers, name) ? (providers[name]!.kind ?? name) !== "anthropic" : name === "ollama";
}

function namedModels({ agents, cron, hooks }: Config): { path: string[]; model: string }[] {
  const all = [{ path: ["agents"], agent: agents as { model?: string | undefined; fallbacks?: string[] | undefined } }];
  for (const [name, agent] of Object.entries(agents.list)) all.push({ path: ["agents", "list", name], agent });
  for (const [name, { model }] of Object.entries(hooks.in)) all.push({ path: ["hooks", "in", name], agent: { model } });
  if (agents.summary_model !== undefined) all.push({ path: ["agents", "summary_model"], agent: { model: agents.summary_model } });
  all.push({ path: ["cron", "heartbeat"], agent: { model: cron.heartbeat.model } });
  return all.flatMap(({ path, agent: { model, fallbacks = [] } }) => [
    ...(model === undefined ? [] : [{ path: [...path, "model"], model }]),
    ...fallbacks.map((fallback, index) => ({ path: [...path, "fallbacks", String(index)], model: fallback })),
  ]);
}

/** Secrets that other programs know too: none of them may open the gateway (sec-25). */
function channelSecrets(config: Config): { path: string[]; secret: Secret }[] {
  const { token } = config.hooks;
  const hooks = [
    { path: ["hooks"], settings: { token } },
    ...(["in", "out"] as const).flatMap((way) => Object.entries(config.hooks[way]).map(([name, settings]) => ({ path: ["hooks", way, name], settings }))),
  ];
  return [...channelAccounts(config), ...hooks].flatMap(({ path, settings }) =>
    Object.entries(settings).flatMap(([key, value]) => (value instanceof Secret ? [{ path: [...path, key], secret: value }] : [])),
  );
}

/** Secrets by which a platform tells two accounts apart: each needs its own (sec-108). */
function sharedSecrets(config: Config): { path: string[]; first: string }[] {
  const seen = new Map<string, string>();
  return channelSecrets(config).flatMap(({ path, secret }) => {
    const first = seen.get(secret.reveal());
    if (first !== undefined) return [{ path, first }];
    seen.set(secret.reveal(), path.join("."));
    return [];
  });
}

function namedAgents(config: Config): { path: string[]; agent: string }[] {
  const { agent, agents, in: named } = config.hooks;
  return [
    ...channelAccounts(config).map(({ path, settings }) => ({ path: [...path, "agent"], agent: settings.agent })),
    ...config.agents.bindings.map((binding, index) => ({ path: ["agents", "bindings", String(index), "agent"], agent: binding.agent })),
    { path: ["hooks", "agent"], agent },
    ...agents.map((one, index) => ({ path: ["hooks", "agents", String(index)], agent: one })),
    ...Object.entries(named).map(([name, hook]) => ({ path: ["hooks", "in", name, "agent"], agent: hook.agent })),
  ].flatMap(({ path, agent: name }) => (name === undefined ? [] : [{ path, agent: name }]));
}

function sharedIdentities({ people }: Config): { path: string[]; first: string }[] {
  const seen = new Map<string, string>();
  return Object.entries(people).flatMap(([name, { identities }]) =>
    identities.flatMap((identity, index) => {
      const first = seen.get(identity);
      if (first !== undefined) return [{ path: ["people", name, "identities", String(index)], first }];
      seen.set(identity, `people.${name}`);
      return [];
    }),
  );
}

/** What valibot wants to hear of a path; only the keys are ever looked at. */
function pathItems(path: readonly string[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  return path.map((key) => ({ type: "unknown", origin: "value", input: undefined, key, value: undefined })) as unknown as [v.IssuePathItem];
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON Schema of the config file, for editors and `clanker config schema`. */
export function configJsonSchema(): Record<string, unknown> {
  const json = toJsonSchema(rootSchema);
  const names = { type: "array", items: { type: "string" }, description: "Further files of the config folder, below this one." };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Open Clanker config",
    ...json,
    // Read before the schema is asked.
    properties: { include: names, $include: names, ...(json["properties"] as Record<string, unknown>) },
  };
}
