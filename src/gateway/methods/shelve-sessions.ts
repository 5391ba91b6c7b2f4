import { newId } from "../../core/random.ts";
import { v } from "../../lib/schema/index.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { describeSession } from "./describe-session.ts";
import { notFound, sessionInfo, sessionLabel, sessionRef, wholeNumber } from "./schemas.ts";

async function archive(ref: string, archived: boolean, { store, hub, clock }: GatewayDeps): Promise<v.InferInput<typeof sessionInfo>> {
  const { id } = await findSession(store, ref);
  const session = await store.archiveSession({ id, archived, now: clock.now() });
  if (session === undefined) throw notFound("session", ref);
  hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: archived ? "archived" : "restored" } });
  return describeSession(session);
}

/** Put away, taken out again, and gone on with another way. */
export const shelfMethods = [
  defineMethod({
    name: "sessions.archive",
    summary: "Puts a session away: it is not listed any more. Nothing is lost; its next message takes it out again.",
    params: v.strictObject({ session: sessionRef }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: ({ session }, { deps }) => archive(session, true, deps),
  }),
  defineMethod({
    name: "sessions.restore",
    summary: "Takes an archived session out again.",
    params: v.strictObject({ session: sessionRef }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: ({ session }, { deps }) => archive(session, false, deps),
  }),
  defineMethod({
    name: "sessions.branch",
    summary: "A new session that begins as a copy of another one up to an entry; an entry within a step of tool calls means the one before that step.",
    params: v.strictObject({ session: sessionRef, entry: v.optional(v.pipe(wholeNumber, v.minValue(1))), label: v.optional(sessionLabel) }),
    result: sessionInfo,
    scope: "write",
    mutating: true,
    handler: async ({ session: ref, entry, label: given }, { deps }) => {
      const from = await findSession(deps.store, ref);
      const upTo = entry ?? from.lastEntry;
      if (upTo > from.lastEntry) throw notFound("entry", String(upTo));
      const id = newId(deps.clock, deps.random);
      const branched = await deps.store.branchSession({
        from: from.id,
        upTo,
        session: { id, key: `agent:${from.agent}:web:chat:${id}`, agent: from.agent },
        settings: given === undefined ? {} : { label: given },
        now: deps.clock.now(),
      });
      if (branched === undefined) throw notFound("session", ref);
      const { session } = branched;
      deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "created" } });
      return describeSession(session);
    },
  }),
];
