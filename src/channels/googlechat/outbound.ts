/**
 * The last step of the hall (house.md section 2): one part to Google Chat. Always true: a part is posted once however often it is sent, because it bears a request id
 * and a name of ours, both made of its nonce (reference of spaces.messages.create).
 */
import type { Address } from "../../core/address.ts";
import type { ActionTarget, ChannelActions, FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import { ChannelError } from "../../core/errors.ts";
import { type Media, textMessage } from "../../core/message.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { GoogleFailure } from "./api.ts";
import { cardOf } from "./cards.ts";
import { toChannelError } from "./failure.ts";
import { idOf } from "./inbound.ts";
import { type GoogleChatPayload, renderMessage } from "./render.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
  readonly actions: ChannelActions;
}

export function createOutbound({ api }: GoogleChatAccount): Outbound {
  const directs = new Map<string, string>();

  /** `users/123` stands for the direct chat with a person, which is there when they have written to the app or an administrator has installed it. */
  const spaceOf = async ({ conversation }: Address, signal: AbortSignal): Promise<string> => {
    if (!/^users\/\d+$/.test(conversation)) return conversation;
    const known = directs.get(conversation);
    if (known !== undefined) return known;
    const { name } = await api.call<{ name?: string }>("GET", `/spaces:findDirectMessage?name=${encodeURIComponent(conversation)}`, { signal });
    const space = idOf("spaces", name);
    if (space === undefined) throw new ChannelError("googlechat_error", "Google found a chat and did not say which", "retry");
    if (directs.size > 1_000) directs.clear();
    directs.set(conversation, space);
    return space;
  };
  const messagePath = async ({ address, messageId, signal }: Pick<ActionTarget, "address" | "messageId" | "signal">) =>
    `/spaces/${encodeURIComponent(await spaceOf(address, signal))}/messages/${encodeURIComponent(messageId)}`;

  const update = async (target: Pick<ActionTarget, "address" | "messageId" | "signal">, part: RenderedPart) => {
    const { text, cardsV2 = [] } = bodyOf(part);
    await api.call("PATCH", `${await messagePath(target)}?updateMask=text,cardsV2`, { body: { text: text ?? "", cardsV2 }, signal: target.signal });
  };

  return {
    async send(part, target) {
      const nonce = sha256Hex(target.nonce).slice(0, 40);
      const messageId = `client-${nonce}`;
      try {
        const space = await spaceOf(target.address, target.signal);
        const { thread } = target.address;
        const query = new URLSearchParams({ requestId: nonce, messageId });
        if (thread !== undefined) query.set("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
        const body = { ...bodyOf(part), ...(thread === undefined ? {} : { thread: { name: `spaces/${space}/threads/${thread}` } }) };
        const { name } = await api.call<{ name?: string }>("POST", `/spaces/${encodeURIComponent(space)}/messages?${query}`, { body, signal: target.signal });
        return { messageId: idOf("messages", name) ?? messageId };
      } catch (error) {
        // The request id is forgotten some day, the name is not: it is there already, and goes by our name.
        if (error instanceof GoogleFailure && error.by === "chat" && error.status === 409) return { messageId };
        throw toChannelError(error);
      }
    },
    async edit(receipt, part, target) {
      try {
        await update({ ...target, messageId: receipt.messageId }, part);
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async fetchMedia(media, signal) {
      const { ref } = media;
      if (ref === undefined || ref.split("/").some((piece) => piece === "" || piece === "." || piece === ".."))
        throw new ChannelError("googlechat_no_file", "the media has no resource name", "permanent", {
          hint: "Send the file again, from the computer and not from Drive",
        });
      try {
        const { bytes, type } = await api.download(ref, MAX_BLOB_BYTES, signal);
        return { bytes, type: media.type ?? (type === "" ? "application/octet-stream" : type), ...(media.name === undefined ? {} : { name: media.name }) };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    actions: {
      async edit(target, markdown) {
        const [part, more] = renderMessage(textMessage(markdown));
        if (more !== undefined || part === undefined)
          throw new ChannelError("googlechat_too_big", "the text does not fit into one message", "permanent", {
            hint: "Send what is behind 4,000 characters anew",
          });
        try {
          await update(target, part);
        } catch (error) {
          throw toChannelError(error);
        }
      },
      async delete(target) {
        try {
          await api.call("DELETE", await messagePath(target), { signal: target.signal });
        } catch (error) {
          throw toChannelError(error);
        }
      },
    },
  };
}

function bodyOf({ text, payload }: RenderedPart): { text?: string; cardsV2?: object[]; fallbackText?: string } {
  const { text: marked, card, buttons } = payload as GoogleChatPayload;
  // A card is literal, so what is asked stands in it exactly; the fallback is what notifications show.
  return card === undefined ? { text: marked } : { cardsV2: [cardOf(card, buttons)], fallbackText: text.slice(0, 1_000).toWellFormed() };
}
