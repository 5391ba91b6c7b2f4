import { v } from "../../lib/schema/index.ts";
import { findSession } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { submitMessage } from "../submit-message.ts";
import { messageText } from "../../core/message.ts";
import { history, historyParams, historyResult } from "./history.ts";
import { id, limit, sendParams, sessionRef } from "./schemas.ts";
import { RequestError } from "../../core/errors.ts";

export const chatMethods = [
  defineMethod({
    name: "chat.send",
    summary: "Hands a message to the assistant and answers when it is durably accepted.",
    params: v.strictObject(sendParams),
    result: v.union([v.object({ turn_id: v.string(), message_id: v.string(), session: v.string() }), v.object({ command: v.string(), reply: v.string() })]),
    scope: "write",
    mutating: true,
    handler: async ({ idempotency_key, ...rest }, { deps, credential }) => {
      const submitted = await submitMessage(deps, credential, { ...rest, idempotencyKey: idempotency_key });
      if (submitted.kind === "command") return { command: submitted.name, reply: submitted.reply };
      return { turn_id: submitted.turnId, message_id: submitted.messageId, session: submitted.session };
    },
  }),
  defineMethod({
    name: "chat.abort",
    summary: "Stops one turn, or every turn of a session.",
    params: v.strictObject({ session: v.optional(sessionRef), turn_id: v.optional(id) }),
    result: v.object({ turn_ids: v.array(v.string()) }),
    scope: "write",
    mutating: true,
    handler: async ({ session, turn_id }, { deps }) => {
      if (session === undefined && turn_id === undefined)
        throw new RequestError("bad_params", "chat.abort needs session or turn_id", { hint: "agent.status tells which turns there are" });
      const sessionId = session === undefined ? undefined : (await findSession(deps.store, session)).id;
      const target = { sessionId, turnId: turn_id };
      return { turn_ids: await deps.turns.abort(target) };
    },
  }),
  defineMethod({
    name: "chat.history",
    summary: "Entries of a session: those after a number, or the newest ones.",
    params: historyParams,
    result: historyResult,
    scope: "read",
    handler: (params, { deps }) => history(params, deps),
  }),
  defineMethod({
    name: "messages.history",
    summary: "What came in, newest last, of one session or all.",
    params: v.strictObject({ session: v.optional(sessionRef), limit: v.optional(limit(500), 50) }),
    result: v.object({
      messages: v.array(
        v.object({
          message_id: v.string(),
          session_id: v.string(),
          turn_id: v.optional(v.string()),
          type: v.string(),
          channel: v.string(),
          account: v.string(),
          sender: v.string(),
          text: v.string(),
          at: v.number(),
        }),
      ),
    }),
    scope: "read",
    handler: async ({ session, limit }, { deps }) => {
      const sessionId = session === undefined ? undefined : (await findSession(deps.store, session)).id;
      const items = await deps.store.listInbox({ limit, sessionId });
      return {
        messages: items.map(({ id: messageId, sessionId: owner, turnId, update, receivedAt }) => ({
          message_id: messageId,
          session_id: owner,
          turn_id: turnId,
          type: update.type,
          channel: update.address.channel,
          account: update.address.account,
          sender: update.sender.id,
          text: "message" in update ? messageText(update.message) : "",
          at: receivedAt,
        })),
      };
    },
  }),
];
