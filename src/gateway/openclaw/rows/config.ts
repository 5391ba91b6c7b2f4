import { RequestError } from "../../../core/errors.ts";
import { v } from "../../../lib/schema/index.ts";
import type { ConfigChange } from "../../deps.ts";
import { defineRow } from "../row.ts";

/** The configuration is ours in their envelope: its keys are those of docs/config.md. */
export const configRows = [
  defineRow({
    method: "config.get",
    scope: "read",
    calls: ["config.get"],
    params: v.looseObject({}),
    run: async (_, call) => {
      const { value, digest } = await call.call<{ value: unknown; digest: string }>("config.get");
      return {
        exists: true,
        valid: true,
        raw: JSON.stringify(value, null, 2),
        parsed: value,
        config: value,
        runtimeConfig: value,
        sourceConfig: value,
        hash: digest,
        issues: [],
        warnings: [],
        legacyIssues: [],
      };
    },
  }),
  defineRow({
    method: "config.patch",
    scope: "admin",
    calls: ["config.patch"],
    params: v.looseObject({ raw: v.pipe(v.string(), v.minLength(1)), baseHash: v.optional(v.string()), replacePaths: v.optional(v.array(v.string())) }),
    run: async ({ raw, baseHash }, call) => {
      const change = await call.call<ConfigChange>("config.patch", { patch: readPatch(raw), ...(baseHash === undefined ? {} : { digest: baseHash }) });
      return { ok: true, applied: change.applied, restartRequired: change.restart_required };
    },
  }),
  defineRow({
    method: "config.schema",
    scope: "read",
    calls: ["config.schema", "status"],
    params: v.looseObject({}),
    run: async (_, call) => {
      const { schema } = await call.call<{ schema: Record<string, unknown> }>("config.schema");
      const { version } = await call.call<{ version: string }>("status");
      return { schema, uiHints: {}, version, generatedAt: new Date(call.now()).toISOString() };
    },
  }),
];

/** @throws RequestError `bad_params` */
function readPatch(raw: string): Record<string, unknown> {
  let patch: unknown;
  try {
    patch = JSON.parse(raw);
  } catch {
    throw new RequestError("bad_params", "raw is not JSON", { hint: "send the patch as plain JSON" });
  }
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) throw new RequestError("bad_params", "raw is not a JSON object");
  return patch as Record<string, unknown>;
}
