import { v } from "../../lib/schema/index.ts";
import type { OutsideCaller } from "../../turn/call-outside.ts";
import { DEFAULT_SESSION, findSession } from "../find-session.ts";
import type { Call } from "../method.ts";
import { defineMethod } from "../method.ts";
import { speakerOf } from "../submit-message.ts";
import { name, sessionRef } from "./schemas.ts";

const effect = v.picklist(["read", "write", "exec", "egress", "message", "schedule", "memory", "config"]);
const toolInfo = v.object({ name: v.string(), description: v.string(), parameters: v.record(v.string(), v.unknown()), effects: v.array(effect) });

/** Who calls, as in a turn of theirs: the holder of the gateway's credential is the owner, another device is somebody they have let in. */
async function callerOf(session: string | undefined, { deps, credential }: Call): Promise<OutsideCaller> {
  const found = session === undefined ? undefined : await findSession(deps.store, session);
  const { person, class: kind } = speakerOf(credential);
  const where = { channel: "web", account: credential.id, conversation: found?.key ?? DEFAULT_SESSION };
  return { principal: { person, class: kind, where, direct: true }, agent: found?.agent ?? "main", session: found };
}

export const toolMethods = [
  defineMethod({
    name: "tools.list",
    summary: "The tools that the caller is offered, with what they can do; in a session those that its content leaves.",
    params: v.strictObject({ session: v.optional(sessionRef) }),
    result: v.object({ tools: v.array(toolInfo) }),
    scope: "read",
    handler: async ({ session }, call) => {
      const tools = await call.deps.tools.list(await callerOf(session, call));
      return { tools: tools.map((tool) => ({ ...tool, effects: [...tool.effects] })) };
    },
  }),
  defineMethod({
    name: "tools.call",
    summary: "Runs a tool as a turn of the caller would, or says why not; what needs the owner's yes has to be asked for in a conversation.",
    params: v.strictObject({ name, args: v.optional(v.record(v.string(), v.unknown()), {}), session: v.optional(sessionRef) }),
    result: v.object({ text: v.string(), error: v.boolean(), label: v.object({ integrity: v.string(), confidentiality: v.string() }) }),
    scope: "write",
    mutating: true,
    long: true,
    handler: async ({ name, args, session }, call) => {
      const { text, error, label } = await call.deps.tools.call({ name, args }, await callerOf(session, call), call.signal);
      return { text, error, label: { ...label } };
    },
  }),
];
