/** What the assistant may do to messages on Telegram (Bot API, "Updating messages", setMessageReaction, pinChatMessage, sendPoll). Topics do not begin at a message: no threads. */
import type { ReactionTypeEmoji } from "@grammyjs/types";
import type { ChannelActions } from "../../core/channel.ts";
import { editAction } from "../../lib/edit-action/index.ts";
import type { TelegramAccount } from "./account.ts";
import { rememberPoll, thread, type Outbound } from "./outbound.ts";
import { renderMessage } from "./render.ts";

export function createActions(account: TelegramAccount, { attempt, edit }: Outbound): ChannelActions {
  const { api } = account;
  return {
    edit: editAction({ name: "telegram", render: renderMessage, edit }),
    delete: ({ address, messageId, signal }) =>
      attempt(address, "repeatable", async (chat) => void (await api.call("deleteMessage", { chat_id: chat, message_id: Number(messageId) }, { signal }))),
    react: ({ address, messageId, signal }, emoji, on) =>
      attempt(address, "repeatable", async (chat) => {
        // A bot has one reaction at most, so taking it back is setting none; which emoji there are is Telegram's own list, and its answer says so.
        const reaction = on ? [{ type: "emoji", emoji: emoji as ReactionTypeEmoji["emoji"] } as const] : [];
        await api.call("setMessageReaction", { chat_id: chat, message_id: Number(messageId), reaction }, { signal });
      }),
    pin: ({ address, messageId, signal }, on) =>
      attempt(address, "repeatable", async (chat) => {
        const message = { chat_id: chat, message_id: Number(messageId) };
        // Everybody in the chat would hear a bell otherwise.
        if (on) await api.call("pinChatMessage", { ...message, disable_notification: true }, { signal });
        else await api.call("unpinChatMessage", message, { signal });
      }),
    poll: ({ address, signal }, { question, options, multiple }) =>
      attempt(address, "send", async (chat) => {
        // Not anonymous: else no vote would reach us.
        const poll = { question, options: options.map((text) => ({ text })), is_anonymous: false, allows_multiple_answers: multiple };
        const message = await api.call("sendPoll", { chat_id: chat, ...thread(address), ...poll }, { signal });
        rememberPoll(account, message, address);
        return { messageId: String(message.message_id) };
      }),
  };
}
