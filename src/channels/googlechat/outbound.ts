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
import { createHolds } from "../../lib/holds/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { GoogleFailure } from "./api.ts";
import { cardOf } from "./cards.ts";
import { toChannelError } from "./failure.ts";
import { idOf } from "./inbound.ts";
import { type GoogleChatPayload, MAX_TEXT, renderMessage } from "./render.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
  readonly actions: ChannelActions;
}

export function createOutbound(account: GoogleChatAccount): Outbound {
  const { api } = account;
  const attempt = createAttempt(account);
  const spaceOf = createSpaces(account);
  const messagePath = async ({ address, messageId, signal }: Pick<ActionTarget, "address" | "messageId" | "signal">) =>
    `/spaces/${encodeURIComponent(await spaceOf(address, signal))}/messages/${encodeURIComponent(messageId)}`;

  const update = (target: ActionTarget, part: RenderedPart) =>
    attempt(target.address, async () => {
      const { text, cardsV2 = [] } = bodyOf(part);
      await api.call("PATCH", `${await messagePath(target)}?updateMask=text,cardsV2`, { body: { text: text ?? "", cardsV2 }, signal: target.signal });
    });

  return {
    send: (part, target) => attempt(target.address, async () => create(account, part, { target, space: await spaceOf(target.address, target.signal) })),
    edit: (receipt, part, target) => update({ ...target, messageId: receipt.messageId }, part),
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
        if (more === undefined && part !== undefined) return update(target, part);
        throw new ChannelError("googlechat_too_big", "the text does not fit into one message", "permanent", {
          hint: `Send what is behind ${MAX_TEXT.toLocaleString("en")} characters anew`,
        });
      },
      delete: (target) => attempt(target.address, async () => void (await api.call("DELETE", await messagePath(target), { signal: target.signal }))),
    },
  };
}

/** Runs one call under the pauses that Google has asked for (fault-23). What is written counts by space. */
function createAttempt({ deps }: GoogleChatAccount): <T>(address: Address, run: () => Promise<T>) => Promise<T> {
  const holds = createHolds(deps.clock);
  return async ({ conversation }, run) => {
    const left = holds.left(conversation);
    if (left > 0) throw new ChannelError("googlechat_rate_limited", "Google asked for a pause here", "retry", { retryAfterMs: Math.ceil(left) });
    try {
      return await run();
    } catch (error) {
      const failure = toChannelError(error);
      if (failure.code === "googlechat_rate_limited") holds.add(conversation, failure.retryAfterMs ?? 1_000);
      throw failure;
    }
  };
}

const MAX_DIRECTS = 1_000;

/** `users/123` stands for the direct chat with a person, which is there when they have written to the app or an administrator has installed it. */
function createSpaces({ api }: GoogleChatAccount): (address: Address, signal: AbortSignal) => Promise<string> {
  const directs = new Map<string, string>();
  return async ({ conversation }, signal) => {
    if (!/^users\/\d+$/.test(conversation)) return conversation;
    const known = directs.get(conversation);
    if (known !== undefined) return known;
    const { name } = await api.call<{ name?: string }>("GET", `/spaces:findDirectMessage?name=${encodeURIComponent(conversation)}`, { signal });
    const space = idOf("spaces", name);
    if (space === undefined) throw new ChannelError("googlechat_error", "Google found a chat and did not say which", "retry");
    if (directs.size > MAX_DIRECTS) directs.clear();
    directs.set(conversation, space);
    return space;
  };
}

async function create({ api }: GoogleChatAccount, part: RenderedPart, { target, space }: { target: SendTarget; space: string }): Promise<Receipt> {
  const nonce = sha256Hex(target.nonce).slice(0, 40);
  const messageId = `client-${nonce}`;
  const { thread } = target.address;
  const query = new URLSearchParams({ requestId: nonce, messageId });
  if (thread !== undefined) query.set("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
  const body = { ...bodyOf(part), ...(thread === undefined ? {} : { thread: { name: `spaces/${space}/threads/${thread}` } }) };
  try {
    const { name } = await api.call<{ name?: string }>("POST", `/spaces/${encodeURIComponent(space)}/messages?${query}`, { body, signal: target.signal });
    return { messageId: idOf("messages", name) ?? messageId };
  } catch (error) {
    // The request id is forgotten some day, the name is not: it is there already, and goes by our name.
    if (error instanceof GoogleFailure && error.by === "chat" && error.status === 409) return { messageId };
    throw error;
  }
}

function bodyOf({ text, payload }: RenderedPart): { text?: string; cardsV2?: object[]; fallbackText?: string } {
  const { text: marked, card, buttons } = payload as GoogleChatPayload;
  // A card is literal, so what is asked stands in it exactly; the fallback is what notifications show.
  return card === undefined ? { text: marked } : { cardsV2: [cardOf(card, buttons)], fallbackText: text.slice(0, 1_000).toWellFormed() };
}
