/**
 * The last step of the hall (house.md section 2): one part to Telegram. Always true: nothing is sent a second time unless Telegram's own answer says that
 * the first was not taken; the error says what turn/deliver may do (P2).
 */
import type { InlineKeyboardMarkup, Message as TelegramMessage } from "@grammyjs/types";
import type { Address } from "../../core/address.ts";
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Button } from "../../core/message.ts";
import type { TelegramAccount } from "./account.ts";
import { type MethodName, TelegramFailure } from "./api.ts";
import { type Attempt, toChannelError } from "./failure.ts";
import { sendMedia } from "./media.ts";
import type { FormattedText, TelegramPayload } from "./render.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  /** Runs a call for a chat, under the pauses and moves that Telegram has told of. @throws ChannelError */
  attempt<T>(address: Address, kind: Attempt, run: (chat: string) => Promise<T>): Promise<T>;
}

const MAX_CHATS = 1_000;

export function createOutbound(account: TelegramAccount): Outbound {
  /** Chat -> monotonic time until which Telegram wants silence there (fault-23). */
  const held = new Map<string, number>();
  /** Old group id -> new one, as learnt from answers. */
  const moved = new Map<string, string>();

  const attempt = async <T>(address: Address, kind: Attempt, run: (chat: string) => Promise<T>): Promise<T> => {
    const chat = moved.get(address.conversation) ?? address.conversation;
    refuseWhileHeld(account, held, chat);
    try {
      return await run(chat);
    } catch (error) {
      if (error instanceof TelegramFailure && error.migratedTo !== undefined && error.migratedTo !== chat) {
        remember(moved, address.conversation, error.migratedTo);
        account.deps.log.info("telegram group became a supergroup", { from: chat, to: error.migratedTo });
        return await run(error.migratedTo).catch((second: unknown) => {
          throw toChannelError(second, kind);
        });
      }
      const failure = toChannelError(error, kind);
      if (failure.code === "telegram_rate_limited") remember(held, chat, account.deps.clock.monotonic() + (failure.retryAfterMs ?? 1_000));
      throw failure;
    }
  };

  return {
    attempt,
    send: (part, target) =>
      attempt(target.address, "send", async (chat) => {
        const message = (await sendPayload(account, part.payload as TelegramPayload, { ...target, chat })) as TelegramMessage;
        rememberPoll(account, message, target.address);
        account.known.posted(target.address, String(message.message_id));
        return { messageId: String(message.message_id) };
      }),
    edit: (receipt, part, target) =>
      attempt(target.address, "repeatable", async (chat) => {
        const payload = part.payload as TelegramPayload;
        if (payload.kind !== "text") throw new ChannelError("telegram_not_editable", "only text replaces a message", "permanent");
        const edit = { chat_id: chat, message_id: Number(receipt.messageId), link_preview_options: { is_disabled: true } };
        try {
          await withPlainText(payload.text, (text) =>
            account.api.call("editMessageText", { ...edit, ...text, ...keyboard(payload.buttons) }, { signal: target.signal }),
          );
        } catch (error) {
          // It already says what it should: a repeated edit has done its work.
          if (!(error instanceof TelegramFailure && error.code === 400 && error.description.includes("message is not modified"))) throw error;
        }
      }),
    async typing(address) {
      try {
        await attempt(address, "repeatable", (chat) => account.api.call("sendChatAction", { chat_id: chat, action: "typing", ...thread(address) }));
      } catch (error) {
        account.deps.log.debug("telegram typing not shown", { error });
      }
    },
  };
}

function refuseWhileHeld(account: TelegramAccount, held: Map<string, number>, chat: string): void {
  const left = (held.get(chat) ?? 0) - account.deps.clock.monotonic();
  if (left > 0) throw new ChannelError("telegram_rate_limited", "Telegram asked for a pause in this chat", "retry", { retryAfterMs: Math.ceil(left) });
  held.delete(chat);
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_CHATS) map.delete(map.keys().next().value!);
}

async function sendPayload(account: TelegramAccount, payload: TelegramPayload, target: SendTarget & { chat: string }): Promise<unknown> {
  const { api } = account;
  const { signal } = target;
  const common = {
    chat_id: target.chat,
    ...thread(target.address),
    ...(target.replyTo === undefined ? {} : { reply_parameters: { message_id: Number(target.replyTo), allow_sending_without_reply: true } }),
  };
  const call = (method: MethodName, args: Record<string, unknown>) => api.call(method, { ...common, ...args } as never, { signal });
  switch (payload.kind) {
    case "text":
      return await withPlainText(payload.text, (text) =>
        call("sendMessage", { ...text, ...keyboard(payload.buttons), link_preview_options: { is_disabled: true } }),
      );
    case "media":
      if (payload.caption === undefined) return await sendMedia(account, payload.media, { common, signal });
      return await withPlainText(payload.caption, ({ text, ...mode }) =>
        sendMedia(account, payload.media, { common: { ...common, caption: text, ...mode }, signal }),
      );
    case "location": {
      const { latitude, longitude, name } = payload;
      return name === undefined
        ? await call("sendLocation", { latitude, longitude })
        : await call("sendVenue", { latitude, longitude, title: name, address: `${latitude}, ${longitude}` });
    }
    case "contact":
      return await call("sendContact", { first_name: payload.name, phone_number: payload.phone });
    case "poll":
      // Not anonymous: else no vote would reach us.
      return await call("sendPoll", { question: payload.question, options: payload.options.map((text) => ({ text })), is_anonymous: false });
  }
}

/** One button a row: their words are sentences. */
function keyboard(buttons: readonly Button[] | undefined): { reply_markup?: InlineKeyboardMarkup } {
  if (buttons === undefined) return {};
  return { reply_markup: { inline_keyboard: buttons.map(({ label, data }) => [{ text: label, callback_data: data }]) } };
}

/** Markup never keeps words from arriving: what Telegram cannot parse it has surely not posted, so it goes again as plain text. */
async function withPlainText<T>(formatted: FormattedText, run: (text: { text: string; parse_mode?: "HTML" }) => Promise<T>): Promise<T> {
  try {
    return await run({ text: formatted.html, parse_mode: "HTML" });
  } catch (error) {
    if (!(error instanceof TelegramFailure && error.code === 400 && /parse entities|entity|message is too long|caption is too long/i.test(error.description)))
      throw error;
    return await run({ text: formatted.plain });
  }
}

export function thread(address: Address): { message_thread_id?: number } {
  return address.thread === undefined ? {} : { message_thread_id: Number(address.thread) };
}

export function rememberPoll(account: TelegramAccount, message: TelegramMessage, address: Address): void {
  if (message.poll === undefined) return;
  account.polls.add(message.poll.id, { address, direct: message.chat.type === "private", options: message.poll.options.map((option) => option.text) });
}
