/**
 * The last step of the hall (house.md section 2): one part to LINE. Always true: a part is sent once however often it is tried. A push bears a retry key of the part
 * (Messaging API, "Retrying a failed API request"); a reply is tried again with the very token it was tried with.
 */
import type { Address } from "../../core/address.ts";
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Button } from "../../core/message.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import { clip } from "../../lib/plain-text/index.ts";
import { type LineAccount, rememberSent } from "./account.ts";
import { LineFailure, type SentMessage } from "./api.ts";
import { isReplyRefused, isSurelyNotSent, toChannelError } from "./failure.ts";
import { fileMessage } from "./files.ts";
import type { LinePayload } from "./render.ts";
import type { ReplyTry } from "./reply-tokens.ts";
import type { WireOutgoing } from "./wire.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  typing(address: Address): Promise<void>;
}

interface Sent {
  readonly sentMessages?: readonly SentMessage[];
}

/** A retry key is known for 24 hours after the first request; one hour of doubt about clocks. */
const RETRY_KEY_MS = 23 * 3_600_000;
/** "Buttons template" without picture and title: 160 characters of text, 4 actions with labels of 20. */
const MAX_TEMPLATE_TEXT = 160;
const MAX_ACTIONS = 4;
const MAX_LABEL = 20;
/** "Send push message": messages in one request. */
const MAX_MESSAGES = 5;
const MAX_ALT_TEXT = 400;
/** "Display a loading indicator": 5 to 60 in steps of 5; a message of ours ends it. */
const LOADING_SECONDS = 20;

export function createOutbound(account: LineAccount): Outbound {
  const { api, deps } = account;
  return {
    async send(part, target) {
      try {
        const messages = await messagesOf(account, part, target);
        const sent = (await byReply(account, messages, target)) ?? (await byPush(account, messages, target));
        for (const { id } of sent) if (typeof id === "string") rememberSent(account, id);
        // Of a request whose answer was lost LINE may not tell the ids again.
        return { messageId: sent[0]?.id ?? `sent:${target.nonce}` };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async typing({ conversation }) {
      // Groups and rooms have none.
      if (!conversation.startsWith("U")) return;
      try {
        await api.call("POST", "/v2/bot/chat/loading/start", { body: { chatId: conversation, loadingSeconds: LOADING_SECONDS } });
      } catch (error) {
        deps.log.debug("line loading animation not shown", { error: toChannelError(error) });
      }
    },
  };
}

/** @returns undefined when no token is at hand, or the one at hand was surely not taken. @throws ChannelError, LineFailure, HttpFailure */
async function byReply(account: LineAccount, messages: readonly WireOutgoing[], target: SendTarget): Promise<readonly SentMessage[] | undefined> {
  const { replies } = account;
  const { address, nonce, triedSince } = target;
  await replies.load();
  const before = replies.tried(nonce);
  if (before !== undefined) return await replyAgain(account, before, messages, target);
  // Tried before, and not by reply: only the retry key keeps a push from going twice.
  if (triedSince !== undefined) return undefined;
  const made = await replies.take(address.conversation, nonce);
  if (made === undefined) return undefined;
  try {
    return await reply(account, made, messages, target.signal);
  } catch (error) {
    if (!isSurelyNotSent(error)) throw error;
    await replies.withdraw(nonce);
    if (isReplyRefused(error)) return undefined;
    throw error;
  }
}

/** The first try may have been taken: then LINE refuses the token now, and while its minute lasts there is no other reason for that. */
async function replyAgain(
  account: LineAccount,
  made: ReplyTry,
  messages: readonly WireOutgoing[],
  { signal, nonce }: SendTarget,
): Promise<readonly SentMessage[]> {
  try {
    return await reply(account, made, messages, signal);
  } catch (error) {
    if (!isReplyRefused(error)) throw error;
    account.replies.settled(nonce);
    if (account.deps.clock.now() < made.until) return [];
    throw new ChannelError("line_reply_unknown", "whether LINE took the reply cannot be known any more", "unknown", {
      cause: error,
      hint: "Look into the chat; send it again if it is not there",
    });
  }
}

async function reply(
  { api, replies }: LineAccount,
  { token, nonce }: ReplyTry,
  messages: readonly WireOutgoing[],
  signal: AbortSignal,
): Promise<readonly SentMessage[]> {
  const { sentMessages = [] } = await api.call<Sent>("POST", "/v2/bot/message/reply", { body: { replyToken: token, messages }, signal });
  replies.settled(nonce);
  return sentMessages;
}

async function byPush({ api, deps }: LineAccount, messages: readonly WireOutgoing[], target: SendTarget): Promise<readonly SentMessage[]> {
  const { address, nonce, triedSince, signal } = target;
  if (triedSince !== undefined && deps.clock.now() - triedSince > RETRY_KEY_MS)
    throw new ChannelError("line_retry_key_over", "an earlier try is too long ago for LINE to know it", "unknown", {
      hint: "Look into the chat; send it again if it is not there",
    });
  try {
    const body = { to: address.conversation, messages };
    const { sentMessages = [] } = await api.call<Sent>("POST", "/v2/bot/message/push", { body, headers: { "x-line-retry-key": retryKey(nonce) }, signal });
    return sentMessages;
  } catch (error) {
    if (error instanceof LineFailure && error.accepted) return error.sent;
    throw error;
  }
}

/** A UUID of the part (RFC 9562 section 5.8: version 8, of our own making). */
function retryKey(nonce: string): string {
  const hex = sha256Hex(`line-retry-key ${nonce}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

async function messagesOf(account: LineAccount, part: RenderedPart, { replyTo }: SendTarget): Promise<WireOutgoing[]> {
  const payload = part.payload as LinePayload;
  switch (payload.kind) {
    case "media":
      return [await fileMessage(account, payload.media)];
    case "location": {
      const { latitude, longitude, name } = payload;
      return [{ type: "location", title: name, address: name, latitude, longitude }];
    }
    case "text": {
      const { text, buttons = [] } = payload;
      const quoteToken = replyTo === undefined ? undefined : account.quoteTokens.get(replyTo);
      const said: WireOutgoing = { type: "text", text, ...(quoteToken === undefined ? {} : { quoteToken }) };
      return [said, ...templates(text, buttons)].slice(0, MAX_MESSAGES);
    }
  }
}

/** Buttons stand below a short text of their own; what it is about stands in full above. */
function templates(text: string, buttons: readonly Button[]): WireOutgoing[] {
  const messages: WireOutgoing[] = [];
  for (let at = 0; at < buttons.length; at += MAX_ACTIONS) {
    const actions = buttons.slice(at, at + MAX_ACTIONS).map(({ label, data }) => {
      const words = label.toWellFormed();
      return { type: "postback", label: clip(words, MAX_LABEL), data, displayText: words.slice(0, 300).toWellFormed() };
    });
    const line = clip(text.trim().split("\n", 1)[0]!.toWellFormed(), MAX_TEMPLATE_TEXT);
    messages.push({ type: "template", altText: clip(text, MAX_ALT_TEXT), template: { type: "buttons", text: line, actions } });
  }
  return messages;
}
