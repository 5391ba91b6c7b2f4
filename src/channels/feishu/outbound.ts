/**
 * The last step of the hall (house.md section 2): one part to Feishu. Always true: a part is posted once however often it is sent, for an hour, because the platform
 * knows its uuid ("Send a message"); after that a try in doubt is `unknown`.
 */
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import { type FeishuAccount, remember, spokeIn } from "./account.ts";
import { cardContent } from "./card.ts";
import { isCardRefused, isGone, toChannelError } from "./failure.ts";
import { fileMessage } from "./files.ts";
import type { FeishuPayload } from "./render.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
}

/** One hour, less some minutes of doubt about clocks. */
const UUID_MS = 55 * 60_000;

interface Posted {
  readonly data: { readonly message_id: string; readonly chat_id?: string };
}

interface Content {
  readonly msg_type: string;
  readonly content: string;
}

export function createOutbound(account: FeishuAccount): Outbound {
  const { api, deps } = account;
  return {
    async send(part, target) {
      const { address, nonce, triedSince, signal } = target;
      if (triedSince !== undefined && deps.clock.now() - triedSince > UUID_MS)
        throw new ChannelError("feishu_uuid_over", "an earlier try is too long ago for Feishu to know it", "unknown", {
          hint: "Look into the chat; send it again if it is not there",
        });
      try {
        const payload = part.payload as FeishuPayload;
        const direct = await directIfNeeded(account, payload, target);
        const send = (content: Content) => post(account, content, { ...target, uuid: sha256Hex(`feishu ${nonce}`).slice(0, 40) });
        const { data } =
          payload.kind === "media"
            ? await send(await fileMessage(account, payload.media, signal))
            : await withPlainText(account, { text: part.text, payload, target, direct }, (content) => send({ msg_type: "interactive", content }));
        const { thread } = address;
        remember(account, data.message_id, { conversation: data.chat_id ?? address.conversation, direct, ...(thread === undefined ? {} : { thread }) });
        if (thread !== undefined) spokeIn(account, thread);
        return { messageId: data.message_id };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async edit(receipt, part, target) {
      const payload = part.payload as FeishuPayload;
      if (payload.kind !== "text")
        throw new ChannelError("feishu_not_editable", "only text replaces a card", "permanent", { hint: "Send the file as a message of its own" });
      try {
        const direct = await directIfNeeded(account, payload, target);
        await withPlainText(account, { text: part.text, payload, target, direct }, (content) =>
          api.call("PATCH", `/im/v1/messages/${encodeURIComponent(receipt.messageId)}`, { body: { content }, signal: target.signal }),
        );
      } catch (error) {
        throw toChannelError(error);
      }
    },
  };
}

interface Written {
  readonly text: string;
  readonly payload: Extract<FeishuPayload, { kind: "text" }>;
  readonly target: Pick<SendTarget, "address">;
  readonly direct: boolean;
}

/** Markup never keeps words from arriving: a card that is not understood was surely not posted, so the text goes again without any. */
async function withPlainText<T>({ deps }: FeishuAccount, { text, payload, target, direct }: Written, run: (content: string) => Promise<T>): Promise<T> {
  const { conversation: chat, thread } = target.address;
  const bound = { chat, direct, ...(thread === undefined ? {} : { thread }) };
  try {
    return await run(cardContent({ text, ...payload }, bound));
  } catch (error) {
    if (!isCardRefused(error) || payload.markdown === undefined) throw error;
    deps.log.warn("feishu: a card was not understood and goes as plain text", { error });
    return await run(cardContent({ text, buttons: payload.buttons }, bound));
  }
}

/** Into its topic, below what it answers, or into the conversation. */
async function post({ api }: FeishuAccount, content: Content, { address, replyTo, uuid, signal }: SendTarget & { uuid: string }): Promise<Posted> {
  const reply = (to: string, inThread: boolean) =>
    api.call<Posted>("POST", `/im/v1/messages/${encodeURIComponent(to)}/reply`, { body: { ...content, reply_in_thread: inThread, uuid }, signal });
  if (address.thread !== undefined) return await reply(address.thread, true);
  if (replyTo !== undefined) {
    try {
      return await reply(replyTo, false);
    } catch (error) {
      // What was answered was taken back meanwhile; the answer itself still counts.
      if (!isGone(error)) throw error;
    }
  }
  const kind = /^o[un]_/.exec(address.conversation)?.[0] === "ou_" ? "open_id" : address.conversation.startsWith("on_") ? "union_id" : "chat_id";
  return await api.call<Posted>("POST", `/im/v1/messages?receive_id_type=${kind}`, { body: { receive_id: address.conversation, ...content, uuid }, signal });
}

/** Buttons say what kind of conversation they stand in, because their presses do not; nothing else is worth a request. */
async function directIfNeeded(account: FeishuAccount, payload: FeishuPayload, { address, signal }: Pick<SendTarget, "address" | "signal">): Promise<boolean> {
  const buttons = payload.kind === "text" && (payload.buttons ?? []).length > 0;
  return buttons ? await isDirect(account, address.conversation, signal) : (account.directs.get(address.conversation) ?? false);
}

/** Whether a conversation is of two alone. @throws FeishuFailure, HttpFailure */
async function isDirect({ api, directs }: FeishuAccount, conversation: string, signal: AbortSignal): Promise<boolean> {
  if (/^o[un]_/.test(conversation)) return true;
  const known = directs.get(conversation);
  if (known !== undefined) return known;
  const { data } = await api.call<{ data?: { chat_mode?: string } }>("GET", `/im/v1/chats/${encodeURIComponent(conversation)}`, { signal });
  const direct = data?.chat_mode === "p2p";
  directs.set(conversation, direct);
  return direct;
}
