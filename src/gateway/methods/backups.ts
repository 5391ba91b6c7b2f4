import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";

const backup = v.object({
  folder: v.string(),
  created_at: v.number(),
  version: v.string(),
  by: v.picklist(["person", "schedule"]),
  bytes: v.number(),
  files: v.number(),
  database: v.boolean(),
  workspaces: v.boolean(),
});

export const backupMethods = [
  defineMethod({
    name: "system.backup",
    summary:
      "Copies everything of this home into a new folder below `into` (default: backups in the data folder), while the gateway works; the copy is read back.",
    params: v.strictObject({
      into: v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(4_000))),
      workspaces: v.optional(v.boolean(), true),
    }),
    result: v.object({ backup }),
    scope: "admin",
    mutating: true,
    long: true,
    handler: async ({ into, workspaces }, { deps }) => ({ backup: await deps.backups.make({ workspaces, ...(into === undefined ? {} : { into }) }) }),
  }),
  defineMethod({
    name: "system.backups",
    summary: "The backups in the data folder, newest first.",
    params: v.strictObject({}),
    result: v.object({ backups: v.array(backup) }),
    scope: "admin",
    handler: async (_, { deps }) => ({ backups: [...(await deps.backups.list())] }),
  }),
];
