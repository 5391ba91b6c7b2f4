import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";
import { limit, wholeNumber } from "./schemas.ts";

const level = v.picklist(["debug", "info", "warn", "error"]);
const counts = v.record(v.string(), v.number());

export const statusMethods = [
  defineMethod({
    name: "health",
    summary: "Whether the gateway is ready, and why not.",
    params: v.strictObject({}),
    result: v.object({ ready: v.boolean(), reasons: v.array(v.string()) }),
    scope: "read",
    handler: (_, { deps }) => {
      const { ready, reasons } = deps.health();
      return { ready, reasons: [...reasons] };
    },
  }),
  defineMethod({
    name: "status",
    summary: "Version, readiness, and what is waiting and open.",
    params: v.strictObject({}),
    result: v.object({
      version: v.string(),
      boot: v.number(),
      seq: v.number(),
      uptime_ms: v.number(),
      ready: v.boolean(),
      reasons: v.array(v.string()),
      connections: v.number(),
      sessions: v.number(),
      turns: counts,
      deliveries: v.object({ open: v.number(), unknown: v.number(), failed: v.number() }),
      channels: v.array(
        v.object({ channel: v.string(), account: v.string(), state: v.string(), detail: v.optional(v.string()), code: v.optional(v.string()) }),
      ),
    }),
    scope: "read",
    handler: async (_, { deps, gateway }) => {
      const rows = await deps.store.counts({});
      const { ready, reasons } = deps.health();
      return {
        version: deps.version,
        boot: deps.boot,
        seq: deps.hub.seq,
        uptime_ms: Math.max(0, Math.round(deps.clock.monotonic() - gateway.startedAt)),
        ready,
        reasons: [...reasons],
        connections: gateway.connections(),
        sessions: rows.sessions,
        turns: rows.turns,
        deliveries: { open: rows.openDeliveries, unknown: rows.unknownDeliveries, failed: rows.failedDeliveries },
        channels: deps.channels.list().map(({ channel, account, status }) => ({
          channel,
          account,
          state: status.state,
          detail: status.detail,
          code: status.code,
        })),
      };
    },
  }),
  defineMethod({
    name: "logs.tail",
    summary: "The newest log lines, oldest first.",
    params: v.strictObject({ limit: v.optional(limit(1000), 100), level: v.optional(level), since: v.optional(wholeNumber) }),
    result: v.object({
      lines: v.array(v.object({ at: v.number(), level, message: v.string(), fields: v.optional(v.record(v.string(), v.unknown())) })),
    }),
    scope: "admin",
    handler: async (params, { deps }) => {
      const { since } = params;
      const query = { limit: params.limit, ...(params.level === undefined ? {} : { level: params.level }), ...(since === undefined ? {} : { since }) };
      const lines = await deps.logs.tail(query);
      return { lines: lines.map(({ at, level, message, fields }) => ({ at, level, message, fields })) };
    },
  }),
  defineMethod({
    name: "rpc.discover",
    summary: "This interface as an OpenRPC document.",
    params: v.strictObject({}),
    result: v.record(v.string(), v.unknown()),
    scope: "read",
    handler: (_, { gateway }) => gateway.openRpc(),
  }),
];
