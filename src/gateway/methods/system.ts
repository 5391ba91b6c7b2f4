import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";

export const systemMethods = [
  defineMethod({
    name: "system.info",
    summary: "The program and the machine it runs on: versions, memory in bytes, and where its files are.",
    params: v.strictObject({}),
    result: v.object({
      version: v.string(),
      gateway: v.string(),
      boot: v.number(),
      node: v.string(),
      platform: v.string(),
      arch: v.string(),
      pid: v.number(),
      uptime_ms: v.number(),
      rss_bytes: v.number(),
      heap_bytes: v.number(),
      config_file: v.string(),
      data_folder: v.string(),
    }),
    scope: "admin",
    handler: (_, { deps, gateway }) => ({
      version: deps.version,
      gateway: deps.gatewayId,
      boot: deps.boot,
      uptime_ms: Math.max(0, Math.round(deps.clock.monotonic() - gateway.startedAt)),
      ...deps.system.info(),
    }),
  }),
  defineMethod({
    name: "system.stop",
    summary: "Stops the gateway as SIGTERM does: what can be answered is, the rest goes on at the next start.",
    params: v.strictObject({}),
    result: v.object({ stopping: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: (_, { deps, credential }) => {
      deps.log.info("a client stops the gateway", { by: credential.id });
      deps.system.stop(`${credential.id} asked for it`);
      return { stopping: true };
    },
  }),
];
