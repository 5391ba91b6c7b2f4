import { toJsonSchema } from "../../lib/schema/index.ts";
import type { Registry } from "../registry.ts";

type Json = Record<string, unknown>;

/** The registry as an OpenRPC 1.3 document (answer of `rpc.discover`). */
export function openRpcDocument({ methods }: Registry, version: string): Json {
  return {
    openrpc: "1.3.2",
    info: { title: "Open Clanker", version },
    methods: [...methods.values()].map((method) => {
      const params = toJsonSchema(method.params) as { properties?: Record<string, Json>; required?: string[] };
      const required = new Set(params.required ?? []);
      return {
        name: method.name,
        summary: method.summary,
        paramStructure: "by-name",
        params: Object.entries(params.properties ?? {}).map(([name, schema]) => ({ name, required: required.has(name), schema })),
        result: { name: "result", schema: toJsonSchema(method.result) },
        "x-scope": method.scope,
        "x-mutating": method.mutating,
        "x-socket-only": method.socketOnly,
      };
    }),
  };
}
