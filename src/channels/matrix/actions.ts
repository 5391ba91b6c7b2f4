/** What may be done to messages (core/channel.ts, ChannelActions), each by one event or one state of the room. */
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { textMessage } from "../../core/message.ts";
import { ChannelError } from "../../core/errors.ts";
import { isEmoji } from "../../lib/is-emoji/index.ts";
import { isBlank } from "../../lib/markdown/index.ts";
import { type MatrixAccount, path, txnId } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import { toChannelError } from "./failure.ts";
import { type Outbound, remember } from "./outbound.ts";
import { renderMessage } from "./render.ts";
import { sendEvent } from "./send-event.ts";
import type { WireEvent } from "./wire.ts";

/** What stands behind the twentieth is cut off (client-server API, `m.poll.start`). */
const MAX_OPTIONS = 20;

export function createActions(account: MatrixAccount, outbound: Outbound): ChannelActions {
  const { api } = account;
  const redact = ({ address, signal }: Pick<ActionTarget, "address" | "signal">, id: string) =>
    api.call("PUT", `/client/v3/rooms${path(address.conversation)}/redact${path(id, txnId(account))}`, { body: {}, signal });
  const asked =
    <A extends unknown[], R>(work: (...given: A) => Promise<R>, inDoubt: "retry" | "unknown" = "retry") =>
    async (...given: A): Promise<R> => {
      try {
        return await work(...given);
      } catch (error) {
        throw toChannelError(error, inDoubt);
      }
    };
  /** Servers take redactions, pins and mostly relations of what is not there. @throws MatrixFailure */
  const look = ({ address, messageId, signal }: ActionTarget) =>
    api.call<WireEvent>("GET", `/client/v3/rooms${path(address.conversation)}/event${path(messageId)}`, { signal });
  return {
    edit: asked(async (target, markdown) => {
      const parts = renderMessage(textMessage(markdown));
      if (parts.length > 1)
        throw new ChannelError("matrix_too_big", "the text is too long for one message", "permanent", { hint: "Send the rest as a new message" });
      const { sender } = await look(target);
      // The server would take it, and nobody would see it (client-server API, "Validity of replacement events").
      if (account.me !== undefined && sender !== account.me.id)
        throw new ChannelError("matrix_not_editable", "somebody else has written this message", "permanent", { hint: "Answer it instead" });
      await outbound.edit({ messageId: target.messageId }, parts[0]!, target);
    }),
    delete: asked(async (target) => {
      await look(target);
      await redact(target, target.messageId);
    }),
    react: asked(async (target, emoji, on) => {
      if (!isEmoji(emoji)) throw new ChannelError("matrix_no_emoji", "a reaction is one emoji", "permanent", { hint: "Give one emoji, such as 👍" });
      await look(target);
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
    pin: asked(async (target, on) => {
      if (on) await look(target);
      await pin(account, target, on);
    }),
    thread: asked(async (target, title) => {
      await look(target);
      // A thread is there with its first message.
      const address = { ...target.address, thread: target.messageId };
      await outbound.send(renderMessage(textMessage(title))[0]!, { address, nonce: txnId(account), signal: target.signal });
      return { thread: target.messageId };
    }),
    poll: asked(async ({ address, signal }, { question, options, multiple }) => {
      if (isBlank(question) || options.some(isBlank) || options.length < 2 || options.length > MAX_OPTIONS || new Set(options).size < options.length)
        throw new ChannelError("matrix_refused", "the poll does not fit", "permanent", { hint: `Ask a question with 2 to ${MAX_OPTIONS} options that differ` });
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
    }, "unknown"),
  };
}

async function takeReactionBack(
  { api, me }: MatrixAccount,
  { address, messageId, signal }: ActionTarget,
  { emoji, redact }: { emoji: string; redact: (id: string) => Promise<unknown> },
): Promise<void> {
  const where = `/client/v1/rooms${path(address.conversation)}/relations${path(messageId, "m.annotation", "m.reaction")}?limit=100`;
  let from: string | undefined;
  do {
    const more = from === undefined ? "" : `&from=${encodeURIComponent(from)}`;
    const { chunk = [], next_batch: next } = await api.call<{ chunk?: WireEvent[]; next_batch?: string }>("GET", `${where}${more}`, { signal });
    const ours = chunk.filter(({ sender, content }) => sender === me?.id && (content?.["m.relates_to"] as { key?: string } | undefined)?.key === emoji);
    for (const { event_id: id } of ours) await redact(id!);
    from = next;
  } while (from !== undefined);
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
