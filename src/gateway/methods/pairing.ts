import type { Pairing } from "../../core/records.ts";
import { RequestError } from "../../core/errors.ts";
import { v } from "../../lib/schema/index.ts";
import type { Call } from "../method.ts";
import { defineMethod } from "../method.ts";
import { id, name } from "./schemas.ts";

const pairingInfo = v.object({
  pairing_id: v.string(),
  channel: v.string(),
  account: v.string(),
  sender_id: v.string(),
  name: v.optional(v.string()),
  status: v.picklist(["pending", "approved", "denied", "expired"]),
  created_at: v.number(),
  expires_at: v.number(),
});

function describe(pairing: Pairing): v.InferInput<typeof pairingInfo> {
  const { id: pairing_id, channel, account, senderId, name: called, status, createdAt, expiresAt } = pairing;
  return {
    pairing_id,
    channel,
    account,
    sender_id: senderId,
    status,
    created_at: createdAt,
    expires_at: expiresAt,
    ...(called === undefined ? {} : { name: called }),
  };
}

const code = v.pipe(v.string(), v.minLength(4), v.maxLength(32));
const byCode = { code, channel: v.optional(name), account: v.optional(name) };

async function answer(deps: Call["deps"], given: Parameters<Call["deps"]["pairing"]["answer"]>[0]) {
  const answered = await deps.pairing.answer(given, "owner");
  if (answered.kind === "locked") {
    const retryAfterMs = Math.max(0, answered.until - deps.clock.now());
    throw new RequestError("pairing_locked", "too many wrong codes", { hint: "wait until the hour is over", retryAfterMs });
  }
  if (answered.kind === "unknown")
    throw new RequestError("pairing_not_found", "no such code or pairing, or it has expired", { hint: "clanker pairing list shows what there is" });
  return { pairing: describe(answered.pairing) };
}

export const pairingMethods = [
  defineMethod({
    name: "pairing.list",
    summary: "Who has asked to be let in, and who was; codes are not shown.",
    params: v.strictObject({}),
    result: v.object({ pairings: v.array(pairingInfo) }),
    scope: "read",
    handler: async (_, { deps }) => ({ pairings: (await deps.pairing.list()).map(describe) }),
  }),
  defineMethod({
    name: "pairing.approve",
    summary: "Lets the sender in who was given this code: trusted in direct chats of that account, and nowhere else.",
    params: v.strictObject(byCode),
    result: v.object({ pairing: pairingInfo }),
    scope: "pairing",
    mutating: true,
    handler: async (given, { deps }) => answer(deps, { decision: "approve", ...given }),
  }),
  defineMethod({
    name: "pairing.deny",
    summary: "Turns a code down, or takes back what was approved (by pairing_id).",
    params: v.strictObject({ code: v.optional(code), pairing_id: v.optional(id), channel: v.optional(name), account: v.optional(name) }),
    result: v.object({ pairing: pairingInfo }),
    scope: "pairing",
    mutating: true,
    handler: async ({ code, pairing_id, ...where }, { deps }) => {
      if (pairing_id !== undefined) return await answer(deps, { decision: "deny", id: pairing_id });
      if (code === undefined) throw new RequestError("bad_params", "pairing.deny needs code or pairing_id");
      return await answer(deps, { decision: "deny", code, ...where });
    },
  }),
];
