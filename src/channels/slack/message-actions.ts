/** What the assistant may do to messages on Slack (Web API: chat.update, chat.delete, reactions.*, pins.*). There are no polls, and a thread is begun by answering: the last is what sending does. */
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { editAction } from "../../lib/edit-action/index.ts";
import { emojiName } from "../../lib/emoji-name/index.ts";
import type { SlackAccount } from "./account.ts";
import { SlackFailure } from "./api.ts";
import { isTs } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import { renderMessage } from "./render.ts";

/** Slack's words for "it is so already": the action has done its work. */
const DONE: ReadonlySet<string> = new Set(["already_reacted", "no_reaction", "already_pinned", "no_pin", "not_pinned"]);

export function createMessageActions({ api }: SlackAccount, { edit, run }: Pick<Outbound, "edit" | "run">): ChannelActions {
  const call = (method: string, { address, messageId, signal }: ActionTarget, args: (at: string) => Record<string, unknown>) => {
    // A message with a file has no id that Slack has told, and a slash command is none.
    if (!isTs(messageId))
      throw new ChannelError("slack_no_message", "Slack has told no id of this message", "permanent", { hint: "Only messages of text can be acted on" });
    return run(method, address, signal, async (channel) => {
      try {
        await api.call(method, { channel, ...args(messageId) }, { signal });
      } catch (error) {
        if (!(error instanceof SlackFailure && DONE.has(error.reason))) throw error;
      }
    });
  };
  return {
    edit: editAction({ name: "slack", render: renderMessage, edit }),
    delete: async (target) => call("chat.delete", target, (ts) => ({ ts })),
    async react(target, emoji, on) {
      const name = emojiName(emoji);
      if (name === undefined)
        throw new ChannelError("slack_unknown_emoji", "Slack knows emojis by names, and the name of this one is not known here", "permanent", {
          hint: "Write its name, for example :tada:",
        });
      await call(on ? "reactions.add" : "reactions.remove", target, (timestamp) => ({ timestamp, name }));
    },
    pin: async (target, on) => call(on ? "pins.add" : "pins.remove", target, (timestamp) => ({ timestamp })),
  };
}
