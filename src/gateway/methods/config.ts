import { RequestError } from "../../core/errors.ts";
import { v } from "../../lib/schema/index.ts";
import type { ConfigChange } from "../deps.ts";
import { defineMethod } from "../method.ts";

/** The ConfigEditor reads it: names with other characters are quoted as in TOML. */
const key = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const change = v.object({ applied: v.array(v.string()), restart_required: v.array(v.string()), digest: v.string() });
/** As config.get answered it: another one now means that somebody else has changed the configuration since. */
const digest = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128)));
const anything = v.unknown();

const PROTOTYPE = new Set(["__proto__", "constructor", "prototype"]);

/** @throws RequestError `bad_params` for a key that reaches a prototype (sec-20). */
function checkKey(dotted: string): void {
  if (dotted.split(".").some((part) => PROTOTYPE.has(part))) throw new RequestError("bad_params", "the key names a prototype");
}

const answer = ({ applied, restart_required, digest: now }: ConfigChange) => ({ applied: [...applied], restart_required: [...restart_required], digest: now });

export const configMethods = [
  defineMethod({
    name: "config.get",
    summary: "The effective configuration, or what stands under a dotted key, and the digest a change is made from; secrets are masked.",
    params: v.strictObject({ key: v.optional(key) }),
    result: v.object({ value: anything, digest: v.string() }),
    scope: "admin",
    handler: async (params, { deps }) => {
      if (params.key !== undefined) checkKey(params.key);
      const found = await deps.config.get(params.key);
      if (found.value === undefined)
        throw new RequestError("key_not_found", `nothing is set under ${params.key}`, { hint: "config.get without a key answers all that is set" });
      return { value: found.value, digest: found.digest };
    },
  }),
  defineMethod({
    name: "config.set",
    summary:
      "Sets one key; null removes it; a key that ends in + is a list, to which the value or values are added. With `digest` only if the configuration is still the same.",
    params: v.strictObject({ key, value: anything, digest }),
    result: change,
    scope: "admin",
    mutating: true,
    handler: async (params, { deps }) => {
      checkKey(params.key.replace(/\+$/, ""));
      return answer(await deps.config.set(params.key, params.value, params.digest));
    },
  }),
  defineMethod({
    name: "config.patch",
    summary: "Changes several keys at once (JSON merge patch: null removes a key). With `digest` only if the configuration is still the same.",
    params: v.strictObject({ patch: v.record(v.string(), anything), digest }),
    result: change,
    scope: "admin",
    mutating: true,
    handler: async ({ patch, digest: from }, { deps }) => answer(await deps.config.patch(patch, from)),
  }),
  defineMethod({
    name: "config.reload",
    summary: "Reads the configuration files again, for edits made by hand.",
    params: v.strictObject({}),
    result: change,
    scope: "admin",
    mutating: true,
    handler: async (_, { deps }) => answer(await deps.config.reload()),
  }),
  defineMethod({
    name: "config.schema",
    summary: "JSON Schema of the configuration file.",
    params: v.strictObject({}),
    result: v.object({ schema: v.record(v.string(), anything) }),
    scope: "read",
    handler: async (_, { deps }) => ({ schema: await deps.config.schema() }),
  }),
  defineMethod({
    name: "config.validate",
    summary: "Checks a whole configuration without writing it.",
    params: v.strictObject({ config: v.record(v.string(), anything) }),
    result: v.object({ valid: v.boolean(), problems: v.array(v.object({ key: v.string(), message: v.string(), hint: v.optional(v.string()) })) }),
    scope: "admin",
    handler: async ({ config }, { deps }) => {
      const problems = await deps.config.validate(config);
      return {
        valid: problems.length === 0,
        problems: problems.map(({ key: where, message, hint }) => ({ key: where, message, hint })),
      };
    },
  }),
];
