/** What the agent may do to messages on Signal (core/channel.ts, ChannelActions); each is one command of signal-cli. */
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { textMessage } from "../../core/message.ts";
import { isEmoji } from "../../lib/is-emoji/index.ts";
import type { SignalAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { isPerson } from "./message-name.ts";
import { sendCommand } from "./outbound.ts";
import { nameOf, placeOf } from "./place.ts";
import { renderMessage, type SignalPayload } from "./render.ts";

export function createActions(account: SignalAccount): ChannelActions {
  /** Doing it again changes nothing, so what is in doubt may be repeated. */
  const act = async (method: string, { address, messageId, signal }: ActionTarget, more: (author: string, timestamp: number) => object): Promise<void> => {
    try {
      const { author, timestamp } = nameOf(messageId);
      await sendCommand(account, method, { ...placeOf(address.conversation), ...more(author, timestamp) }, signal);
    } catch (error) {
      throw toChannelError(error, "repeatable");
    }
  };
  return {
    async edit(target, markdown) {
      const parts = renderMessage(textMessage(markdown));
      if (parts.length > 1)
        throw new ChannelError("signal_too_long", "an edited message has one part", "permanent", { hint: "Write at most 2,000 characters" });
      const { message, styles } = parts[0]!.payload as Extract<SignalPayload, { kind: "text" }>;
      onlyOurs(account, target, "edited");
      await act("send", target, (_author, timestamp) => ({ editTimestamp: timestamp, message, textStyles: styles }));
    },
    async delete(target) {
      const { author } = nameOf(target.messageId);
      if (author !== account.me && !isPerson(target.address.conversation))
        return act("sendAdminDelete", target, (targetAuthor, targetTimestamp) => ({ targetAuthor, targetTimestamp }));
      onlyOurs(account, target, "deleted");
      return act("remoteDelete", target, (_author, targetTimestamp) => ({ targetTimestamp }));
    },
    async react(target, emoji, on) {
      // The others' clients drop a reaction that is none.
      if (!isEmoji(emoji)) throw new ChannelError("signal_no_emoji", "a reaction is one emoji", "permanent", { hint: "Give one emoji, such as 👍" });
      await act("sendReaction", target, (targetAuthor, targetTimestamp) => ({ emoji, targetAuthor, targetTimestamp, ...(on ? {} : { remove: true }) }));
    },
    pin: (target, on) => act(on ? "sendPinMessage" : "sendUnpinMessage", target, (targetAuthor, targetTimestamp) => ({ targetAuthor, targetTimestamp })),
    async poll({ address, signal }, { question, options, multiple }) {
      try {
        const params = { ...placeOf(address.conversation), question, options, ...(multiple ? {} : { noMulti: true }) };
        return await sendCommand(account, "sendPollCreate", params, signal);
      } catch (error) {
        throw toChannelError(error, "send");
      }
    },
  };
}

/** signal-cli sends the command whoever wrote the message; the others' clients would drop it without a word. */
function onlyOurs({ me }: SignalAccount, { messageId }: ActionTarget, done: string): void {
  if (nameOf(messageId).author === me) return;
  throw new ChannelError("signal_not_ours", `only messages of this account can be ${done} here`, "permanent", {
    hint: "Signal lets nobody change what others wrote",
  });
}
