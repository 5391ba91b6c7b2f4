import { RequestError } from "../../core/errors.ts";
import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";
import { name } from "./schemas.ts";

const place = v.picklist(["keychain", "file"]);

/** The secret store from outside: values go in and never come out. */
export const secretMethods = [
  defineMethod({
    name: "secrets.list",
    summary: "Names of the stored secrets and where each is kept; never their values.",
    params: v.strictObject({}),
    result: v.object({ secrets: v.array(v.object({ name: v.string(), place: v.optional(place) })) }),
    scope: "admin",
    handler: async (_, { deps }) => {
      const names = (await deps.secrets.list()).toSorted();
      return { secrets: await Promise.all(names.map(async (one) => ({ name: one, place: await deps.secrets.place(one) }))) };
    },
  }),
  defineMethod({
    name: "secrets.set",
    summary: "Stores a secret, to be used in the configuration as secret:NAME; a configuration that names it already takes the new value with config.reload.",
    params: v.strictObject({ name, value: v.pipe(v.string(), v.minLength(1), v.maxLength(65_536)) }),
    result: v.object({ name: v.string(), place: v.optional(place) }),
    scope: "admin",
    mutating: true,
    handler: async (params, { deps }) => {
      await deps.secrets.set(params.name, params.value);
      return { name: params.name, place: await deps.secrets.place(params.name) };
    },
  }),
  defineMethod({
    name: "secrets.remove",
    summary: "Removes a stored secret.",
    params: v.strictObject({ name }),
    result: v.object({ removed: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: async (params, { deps }) => {
      if (!(await deps.secrets.remove(params.name)))
        throw new RequestError("secret_not_found", `there is no secret ${params.name}`, { hint: "see secrets.list" });
      return { removed: true };
    },
  }),
];
