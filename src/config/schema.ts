import { agentsConfig } from "../agent/config.ts";
import { telegramConfig } from "../channels/telegram/config.ts";
import { parseAddress } from "../core/address.ts";
import { gatewayConfig, webChannelConfig } from "../gateway/config.ts";
import { described, toJsonSchema, v } from "../lib/schema/index.ts";
import { providersConfig } from "../models/config.ts";
import { loggingConfig, metricsConfig } from "../observe/config.ts";
import { sessionsConfig } from "../sessions/config.ts";
import { storageConfig } from "../store/config.ts";
import { webFetchConfig } from "../tools/web-fetch/config.ts";
import { webSearchConfig } from "../tools/web-search/config.ts";

const channels = v.strictObject({
  web: described(v.optional(webChannelConfig, {}), "The page, and the clients of /ws and HTTP."),
  telegram: described(v.optional(telegramConfig), "A Telegram bot; further ones under accounts.NAME."),
});

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
  channels: described(v.optional(channels, {}), "Where messages come from and go to."),
  tools: described(v.optional(tools, {}), "What single tools need; who may use which is in agents.tools."),
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
    for (const { path, agent } of namedAgents(dataset.value)) {
      if (agent === "main" || Object.hasOwn(dataset.value.agents.list, agent)) continue;
      addIssue({ message: "names an agent that is not in agents.list", path: pathItems(path) });
    }
  }),
);

function namedAgents(config: Config): { path: string[]; agent: string }[] {
  const { telegram } = config.channels;
  if (telegram === undefined) return [];
  const base = ["channels", "telegram"];
  const all = [
    { path: base, account: telegram },
    ...Object.entries(telegram.accounts).map(([name, account]) => ({ path: [...base, "accounts", name], account })),
  ];
  return all.flatMap(({ path, account }) => (account.agent === undefined ? [] : [{ path: [...path, "agent"], agent: account.agent }]));
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
