import { described, textOrFile, v } from "../lib/schema/index.ts";

const modelName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]+:\S+$/, "must be provider:model"));

const toolNames = v.array(v.pipe(v.string(), v.nonEmpty("must not be empty")));

const toolsConfig = v.strictObject({
  allow: described(v.optional(toolNames, ["*"]), 'Names of tools that may be offered to the model; "*" is all of them.'),
  deny: described(v.optional(toolNames, []), "Names of tools that are never offered nor run, whatever `allow` says."),
  ask: described(v.optional(toolNames, ["shell"]), "Names of tools that run only when the owner has said yes to the exact call."),
});

const thinking = v.picklist(["off", "low", "medium", "high"]);

const folder = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const count = (least: number, most: number, standard: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), standard);

/** `[agents.sandbox]`: where programs run that a model asks for, and their limits. */
const sandboxConfig = v.strictObject({
  mode: described(
    v.optional(v.picklist(["never", "non_main", "always"]), "non_main"),
    "Which turns are sandboxed: all but the owner's own direct chat (non_main), all (always) or none (never). Where a sandbox is needed and missing, the tools are unavailable.",
    { restart: true },
  ),
  backend: described(
    v.optional(v.picklist(["auto", "bubblewrap", "docker", "podman"]), "auto"),
    "What makes the sandbox; auto takes the first that works. clanker doctor tells which does.",
    { restart: true },
  ),
  image: described(v.optional(folder, "debian:stable-slim"), "Image for docker and podman; it is never fetched by the gateway.", { restart: true }),
  timeout_secs: described(count(1, 3_600, 300), "Longest time of one program.", { restart: true }),
  memory_mb: described(count(16, 1_000_000, 1_024), "Most memory of one program with all its processes.", { restart: true }),
  processes: described(count(1, 10_000, 128), "Most processes of one program.", { restart: true }),
  file_mb: described(count(1, 1_000_000, 1_024), "Longest file that a program may write.", { restart: true }),
});

/** `[agents.sub_agents]` */
const subAgentsConfig = v.strictObject({
  max_depth: described(count(0, 5, 1), "How many helpers may stand one behind the other; 0 = no helpers."),
  max_running: described(count(1, 50, 4), "Most helpers at work at a time for one conversation."),
  timeout_minutes: described(count(1, 1_440, 30), "Longest time of one helper, waiting included; then it is stopped, and the assistant is told."),
});

/** What a further agent has of its own; the rest comes from `[agents]`. */
const agentConfig = v.strictObject({
  model: described(v.optional(modelName), "Model of this agent, as provider:model; default: agents.model.", { example: "offline:demo" }),
  fallbacks: described(v.optional(v.array(modelName)), "Models to try in order when its model's provider fails; default: agents.fallbacks.", { example: [] }),
  system_prompt: described(v.optional(textOrFile()), "What this agent is told first; file:PATH reads it from a file. Default: agents.system_prompt.", {
    example: "file:prompts/researcher.md",
  }),
  thinking: described(v.optional(thinking), "How much its model thinks; default: agents.thinking.", { example: "low" }),
  tools: described(v.optional(toolsConfig), "Its tools; default: agents.tools."),
  workspace: described(v.optional(folder), "Its folder for files and programs; default: workspaces/NAME in the data folder.", {
    example: "~/researcher",
  }),
});

const agentName = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const id = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger())], "must be an id: text or a whole number"),
  v.transform(String),
  v.trim(),
  v.nonEmpty("must not be empty"),
);

/** `[[agents.bindings]]`: everything that is named has to fit. */
const binding = v.strictObject({
  agent: described(agentName, "The agent that answers: main, or a name of agents.list."),
  channel: described(v.optional(agentName), "Messages of this channel."),
  account: described(v.optional(agentName), "Messages of this account."),
  group: described(v.optional(id), "Messages in the group of this id."),
  person: described(v.optional(id), "Messages of this person: a name of [people], owner, or an id on the platform. Without a group: their direct chats."),
});

/** `[agents]`: the agent `main`, and further ones under `list`. */
export const agentsConfig = v.strictObject({
  model: described(v.optional(modelName, "offline:demo"), "The model that answers, as provider:model. offline:demo needs no key and no network."),
  fallbacks: described(v.optional(v.array(modelName), []), "Models to try in order when the model's provider fails.", { example: ["offline:demo"] }),
  summary_model: described(
    v.optional(modelName),
    "Model that writes summaries of long conversations, as provider:model; default: the one that answers there. A small and cheap one does.",
    { example: "offline:demo" },
  ),
  system_prompt: described(v.optional(textOrFile(), ""), "What the assistant is told first, above everything else; file:PATH reads it from a file.", {
    example: "file:prompts/main.md",
  }),
  max_tokens: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 4096), "Longest answer of one model call, in tokens."),
  max_steps: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 25), "Most model calls of one turn."),
  max_turn_tokens: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1_000_000),
    "Most tokens that all model calls of one turn may read and write, without what the provider reads from its cache; 0 = no limit.",
  ),
  timeout_seconds: described(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(86_400)), 600),
    "Longest running time of one turn; waiting for a person does not count.",
  ),
  outage_hours: described(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(720)), 24),
    "How long a turn waits for a model that is away before it fails.",
  ),
  thinking: described(v.optional(thinking, "off"), "How much the model thinks before it answers, where it can."),
  tools: described(v.optional(toolsConfig, {}), "Which tools the model may use."),
  approval_minutes: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_080)), 60),
    "How long a question to the owner waits for its answer.",
  ),
  workspace: described(
    v.optional(folder),
    "Folder for the assistant's files and programs; ~ is your home. It must not hold the config or data folder. Default: workspaces/main in the data folder.",
    {
      example: "~/assistant",
    },
  ),
  sub_agents: described(v.optional(subAgentsConfig, {}), "Helpers that the assistant may hand tasks to (the tool spawn_agent)."),
  sandbox: described(v.optional(sandboxConfig, {}), "Where programs run that the model asks for, and their limits."),
  list: described(
    v.optional(
      v.record(
        v.pipe(
          v.string(),
          v.regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "must be 1 to 32 of a-z, 0-9, - and _"),
          v.notValue("main", "main is the agent of [agents] itself"),
        ),
        agentConfig,
      ),
      {},
    ),
    "Further agents by name.",
  ),
  bindings: described(
    v.optional(v.array(binding), []),
    "Which agent answers where, as [[agents.bindings]] with agent and any of channel, account, group, person. The most specific one counts: group, person, account, channel.",
    { example: [{ agent: "main", channel: "telegram", person: "12345678" }] },
  ),
});

export type AgentsConfig = v.InferOutput<typeof agentsConfig>;
export type AgentConfig = v.InferOutput<typeof agentConfig>;
