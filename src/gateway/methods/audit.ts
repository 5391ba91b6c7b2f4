import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";
import { limit, wholeNumber } from "./schemas.ts";

const record = v.object({
  seq: v.number(),
  at: v.number(),
  kind: v.string(),
  actor: v.string(),
  session: v.optional(v.string()),
  turn: v.optional(v.string()),
  data: v.record(v.string(), v.unknown()),
  hash: v.string(),
});

export const auditMethods = [
  defineMethod({
    name: "audit.list",
    summary: "Records of the audit in order: those behind `after`, or the newest ones before `before`.",
    params: v.strictObject({ after: v.optional(wholeNumber), before: v.optional(wholeNumber), limit: v.optional(limit(1_000), 100) }),
    result: v.object({ records: v.array(record) }),
    scope: "admin",
    handler: async ({ after, before, limit }, { deps }) => {
      const from = after === undefined ? { before: before ?? Number.MAX_SAFE_INTEGER } : { after };
      return { records: (await deps.store.readAudit({ ...from, limit })).map((one) => ({ ...one })) };
    },
  }),
  defineMethod({
    name: "audit.verify",
    summary: "Reads the whole audit and checks its chain and its signed checkpoints.",
    params: v.strictObject({}),
    result: v.object({
      ok: v.boolean(),
      records: v.number(),
      checkpoints: v.number(),
      first_bad: v.optional(v.number()),
      problem: v.optional(v.string()),
    }),
    scope: "admin",
    long: true,
    handler: async (_, { deps }) => {
      const { ok, records, checkpoints, firstBad, problem } = await deps.audit.verify();
      return { ok, records, checkpoints, ...(firstBad === undefined ? {} : { first_bad: firstBad }), ...(problem === undefined ? {} : { problem }) };
    },
  }),
];
