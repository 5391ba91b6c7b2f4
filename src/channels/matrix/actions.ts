/** What may be done to messages (core/channel.ts, ChannelActions), each by one event or one state of the room. */
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { textMessage } from "../../core/message.ts";
import { ChannelError } from "../../core/errors.ts";
import { type MatrixAccount, path, txnId } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import { toChannelError } from "./failure.ts";
import { type Outbound, remember } from "./outbound.ts";
import { renderMessage } from "./render.ts";
import { sendEvent } from "./send-event.ts";
import type { WireEvent } from "./wire.ts";

export function createActions(account: MatrixAccount, outbound: Outbound): ChannelActions {
  const { api } = account;
  const redact = ({ address, signal }: Pick<ActionTarget, "address" | "signal">, id: string) =>
    api.call("PUT", `/client/v3/rooms${path(address.conversation)}/redact${path(id, txnId(account))}`, { body: {}, signal });
  const asked =
    <A extends unknown[], R>(work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      try {
        return await work(...given);
      } catch (error) {
        throw toChannelError(error);
      }
    };
  return {
    edit: asked(async (target, markdown) => {
      const parts = renderMessage(textMessage(markdown));
      if (parts.length > 1)
        throw new ChannelError("matrix_too_big", "the text is too long for one message", "permanent", { hint: "Send the rest as a new message" });
      await outbound.edit({ messageId: target.messageId }, parts[0]!, target);
    }),
    delete: asked(async (target) => void (await redact(target, target.messageId))),
    react: asked(async (target, emoji, on) => {
      if (!on) return takeReactionBack(account, target, { emoji, redact: (id) => redact(target, id) });
      const content = { "m.relates_to": { rel_type: "m.annotation", event_id: target.messageId, key: emoji } };
      const { conversation: room } = target.address;
      try {
        await sendEvent(account, { room, type: "m.reaction", content, txn: txnId(account), signal: target.signal });
      } catch (error) {
        // It stands there already (v1.7, M_DUPLICATE_ANNOTATION).
        if (!(error instanceof MatrixFailure) || error.errcode !== "M_DUPLICATE_ANNOTATION") throw error;
      }
    }),
    pin: asked((target, on) => pin(account, target, on)),
    thread: asked(async (target, title) => {
      // A thread is there with its first message.
      const address = { ...target.address, thread: target.messageId };
      await outbound.send(renderMessage(textMessage(title))[0]!, { address, nonce: txnId(account), signal: target.signal });
      return { thread: target.messageId };
    }),
    poll: asked(async ({ address, signal }, { question, options, multiple }) => {
      const text = (words: string) => ({ "org.matrix.msc1767.text": words.toWellFormed() });
      const start = {
        kind: "org.matrix.msc3381.poll.disclosed",
        max_selections: multiple ? options.length : 1,
        question: text(question),
        // The answer's own words are its id, so that a vote says what was chosen.
        answers: options.map((option) => ({ id: option.toWellFormed(), ...text(option) })),
      };
      const fallback = [question, ...options.map((option, index) => `${index + 1}. ${option}`)].join("\n");
      const content = {
        "org.matrix.msc3381.poll.start": start,
        ...text(fallback),
        ...(address.thread === undefined
          ? {}
          : { "m.relates_to": { rel_type: "m.thread", event_id: address.thread, is_falling_back: true, "m.in_reply_to": { event_id: address.thread } } }),
      };
      // Clients know the stable type of v1.7 less well than the one it had before.
      const id = await sendEvent(account, { room: address.conversation, type: "org.matrix.msc3381.poll.start", content, txn: txnId(account), signal });
      remember(account, id, address.thread);
      return { messageId: id };
    }),
  };
}

async function takeReactionBack(
  { api, me }: MatrixAccount,
  { address, messageId, signal }: ActionTarget,
  { emoji, redact }: { emoji: string; redact: (id: string) => Promise<unknown> },
): Promise<void> {
  const { chunk = [] } = await api.call<{ chunk?: WireEvent[] }>(
    "GET",
    `/client/v1/rooms${path(address.conversation)}/relations${path(messageId, "m.annotation", "m.reaction")}?limit=100`,
    { signal },
  );
  const ours = chunk.filter(({ sender, content }) => sender === me?.id && (content?.["m.relates_to"] as { key?: string } | undefined)?.key === emoji);
  if (ours.length === 0)
    throw new ChannelError("matrix_not_there", "no such reaction of ours is there", "permanent", { hint: "Only the own reaction can be taken back" });
  for (const { event_id: id } of ours) await redact(id!);
}

/** The list is one state of the room, written as a whole. */
async function pin({ api }: MatrixAccount, { address, messageId, signal }: ActionTarget, on: boolean): Promise<void> {
  const where = `/client/v3/rooms${path(address.conversation)}/state/m.room.pinned_events`;
  const { pinned = [] } = await api.call<{ pinned?: string[] }>("GET", where, { signal }).catch((error: unknown) => {
    if (error instanceof MatrixFailure && error.errcode === "M_NOT_FOUND") return { pinned: [] as string[] };
    throw error;
  });
  const others = pinned.filter((id) => id !== messageId);
  if (on === pinned.includes(messageId)) return;
  await api.call("PUT", where, { body: { pinned: on ? [...others, messageId] : others }, signal });
}
