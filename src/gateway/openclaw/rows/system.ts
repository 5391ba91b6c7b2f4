import { v } from "../../../lib/schema/index.ts";
import type { channelInfo } from "../../methods/channels.ts";
import { defineRow, type RowCall } from "../row.ts";
import { sessionRow, theirModel, type SessionInfo } from "../session-ref.ts";

type ChannelInfo = v.InferOutput<typeof channelInfo>;

interface Status {
  readonly version: string;
  readonly uptime_ms: number;
  readonly sessions: number;
  readonly turns: Readonly<Record<string, number>>;
}
interface Models {
  readonly default: string;
  readonly models: readonly { readonly id: string; readonly context_tokens: number; readonly images: boolean; readonly thinking: boolean }[];
}
interface Agents {
  readonly agents: readonly { readonly name: string; readonly model: string }[];
}

const none = v.looseObject({});
const RECENT = 10;

async function recentSessions(call: RowCall) {
  const { sessions } = await call.call<{ sessions: SessionInfo[] }>("sessions.list", { limit: RECENT, ended: false });
  return sessions;
}

async function channelHealth(call: RowCall) {
  const { channels } = await call.call<{ channels: ChannelInfo[] }>("channels.status");
  const names = [...new Set(channels.map(({ channel }) => channel))];
  const accounts = (name: string) => channels.filter(({ channel }) => channel === name);
  return { names, accounts, labels: Object.fromEntries(names.map((name) => [name, name])) };
}

function accountOf(info: ChannelInfo): Record<string, unknown> {
  const ready = info.state === "ready";
  return {
    accountId: info.account,
    ...(info.identity === undefined ? {} : { name: info.identity }),
    enabled: info.state !== "stopped",
    configured: true,
    running: info.state !== "stopped",
    connected: ready,
    healthState: info.state,
    lastError: ready ? null : (info.detail ?? null),
    ...(info.last_event_at === undefined ? {} : { lastInboundAt: info.last_event_at }),
    ...(info.last_alive_at === undefined ? {} : { lastTransportActivityAt: info.last_alive_at }),
  };
}

export const systemRows = [
  defineRow({
    method: "health",
    scope: "read",
    calls: ["health", "status", "channels.status", "agents.list", "sessions.list"],
    params: none,
    run: async (_, call) => {
      const at = call.now();
      const { ready, reasons } = await call.call<{ ready: boolean; reasons: string[] }>("health");
      const { sessions } = await call.call<Status>("status");
      const { names, accounts, labels } = await channelHealth(call);
      const recent = (await recentSessions(call)).map((one) => ({ key: one.session, updatedAt: one.updated_at, age: Math.max(0, at - one.updated_at) }));
      const { agents } = await call.call<Agents>("agents.list");
      const summary = { path: "", count: sessions, recent };
      return {
        ok: ready,
        ...(ready ? {} : { reasons }),
        ts: at,
        durationMs: Math.max(0, call.now() - at),
        channels: Object.fromEntries(
          names.map((name) => [
            name,
            { ...accountOf(accounts(name)[0]!), accounts: Object.fromEntries(accounts(name).map((one) => [one.account, accountOf(one)])) },
          ]),
        ),
        channelOrder: names,
        channelLabels: labels,
        heartbeatSeconds: 0,
        defaultAgentId: "main",
        agents: agents.map(({ name }) => ({
          agentId: name,
          isDefault: name === "main",
          heartbeat: { enabled: false, every: "0m", everyMs: null, prompt: "", target: "none", ackMaxChars: 0 },
          sessions: {
            path: "",
            count: recent.filter(({ key }) => key.startsWith(`agent:${name}:`)).length,
            recent: recent.filter(({ key }) => key.startsWith(`agent:${name}:`)),
          },
        })),
        sessions: summary,
      };
    },
  }),
  defineRow({
    method: "status",
    scope: "read",
    calls: ["status", "channels.status", "agents.list", "models.list", "sessions.list"],
    params: none,
    run: async (_, call) => {
      const status = await call.call<Status>("status");
      const { agents } = await call.call<Agents>("agents.list");
      const { default: model, models } = await call.call<Models>("models.list");
      const { names, accounts } = await channelHealth(call);
      const recent = (await recentSessions(call)).map((one) => ({
        ...sessionRow(one),
        agentId: one.agent,
        age: Math.max(0, call.now() - one.updated_at),
        flags: [],
      }));
      return {
        runtimeVersion: status.version,
        uptimeMs: status.uptime_ms,
        heartbeat: { defaultAgentId: "main", agents: agents.map(({ name }) => ({ agentId: name, enabled: false, every: "0m", everyMs: null })) },
        channelSummary: names.flatMap((name) =>
          accounts(name).map((one) => `${name} ${one.account}: ${one.state}${one.detail === undefined ? "" : ` (${one.detail})`}`),
        ),
        queuedSystemEvents: [],
        turns: status.turns,
        sessions: {
          paths: [],
          count: status.sessions,
          defaults: { ...theirModel(model), contextTokens: models.find(({ id }) => id === model)?.context_tokens ?? null },
          recent,
          byAgent: agents.map(({ name }) => ({
            agentId: name,
            path: "",
            count: recent.filter((one) => one.agentId === name).length,
            recent: recent.filter((one) => one.agentId === name),
          })),
        },
      };
    },
  }),
  defineRow({
    method: "system-presence",
    scope: "read",
    calls: ["status"],
    params: none,
    run: async (_, call) => {
      const { version } = await call.call<Status>("status");
      return [{ text: `Open Clanker ${version}`, version, mode: "gateway", reason: "self", ts: call.now() }];
    },
  }),
  defineRow({
    method: "models.list",
    scope: "read",
    calls: ["models.list"],
    params: v.looseObject({ provider: v.optional(v.string()) }),
    run: async ({ provider }, call) => {
      const { models } = await call.call<Models>("models.list");
      const shown = models.map(({ id, context_tokens, images, thinking }) => ({
        id: theirModel(id).model,
        name: theirModel(id).model,
        provider: theirModel(id).modelProvider,
        contextWindow: context_tokens,
        reasoning: thinking,
        input: images ? ["text", "image"] : ["text"],
        available: true,
      }));
      return { models: provider === undefined ? shown : shown.filter((one) => one.provider === provider) };
    },
  }),
  defineRow({
    method: "agents.list",
    scope: "read",
    calls: ["agents.list"],
    params: none,
    run: async (_, call) => {
      const { agents } = await call.call<Agents>("agents.list");
      return {
        defaultId: "main",
        mainKey: "main",
        scope: "per-sender",
        agents: agents.map(({ name, model }) => ({ id: name, name, model: { primary: model.replace(":", "/") } })),
      };
    },
  }),
  defineRow({
    method: "channels.status",
    scope: "read",
    calls: ["channels.status"],
    params: v.looseObject({ channel: v.optional(v.string()) }),
    run: async (_, call) => {
      const { names, accounts, labels } = await channelHealth(call);
      const all = Object.fromEntries(names.map((name) => [name, accounts(name).map(accountOf)]));
      return {
        ts: call.now(),
        channelOrder: names,
        channelLabels: labels,
        channels: Object.fromEntries(names.map((name) => [name, { configured: true, running: accounts(name).some(({ state }) => state !== "stopped") }])),
        channelAccounts: all,
        channelDefaultAccountId: Object.fromEntries(names.map((name) => [name, accounts(name)[0]!.account])),
      };
    },
  }),
  defineRow({
    method: "logs.tail",
    scope: "read",
    calls: ["logs.tail"],
    params: v.looseObject({
      cursor: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 500),
    }),
    run: async ({ cursor, limit }, call) => {
      const { lines } = await call.call<{ lines: LogLine[] }>("logs.tail", {
        limit: Math.min(limit, 1000),
        ...(cursor === undefined ? {} : { since: cursor }),
      });
      const last = lines.at(-1)?.at;
      const texts = lines.map(lineText);
      // The cursor is the time behind the last line: there is no file to count bytes of.
      return {
        file: "open-clanker",
        cursor: last === undefined ? (cursor ?? 0) : last + 1,
        size: texts.join("\n").length,
        lines: texts,
        truncated: false,
        reset: false,
      };
    },
  }),
];

interface LogLine {
  readonly at: number;
  readonly level: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A line as their log reader takes it apart. */
function lineText({ at, level, message, fields }: LogLine): string {
  const time = new Date(at).toISOString();
  return JSON.stringify({
    "0": message,
    ...(fields === undefined ? {} : { "1": fields }),
    time,
    _meta: { logLevelName: level.toUpperCase(), date: time, name: "open-clanker" },
  });
}
