/** What the assistant may do to posts on Mattermost (API v4, posts and reactions). There are no polls, and a thread is begun by answering: the last is what sending does. */
import type { ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { editAction } from "../../lib/edit-action/index.ts";
import { emojiName } from "../../lib/emoji-name/index.ts";
import type { MattermostAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { Outbound } from "./outbound.ts";
import { renderMessage } from "./render.ts";

export function createMessageActions(account: MattermostAccount, { edit }: Pick<Outbound, "edit">): ChannelActions {
  const { api } = account;
  const call = async (...args: Parameters<typeof api.call>): Promise<void> => {
    try {
      await api.call(...args);
    } catch (error) {
      throw toChannelError(error);
    }
  };
  const pathOf = (messageId: string) => `/posts/${encodeURIComponent(messageId)}`;
  return {
    edit: editAction({ name: "mattermost", render: renderMessage, edit }),
    delete: ({ messageId, signal }) => call("DELETE", pathOf(messageId), { signal }),
    async react({ messageId, signal }, emoji, on) {
      const name = emojiName(emoji);
      const user_id = account.me?.id;
      if (name === undefined)
        throw new ChannelError("mattermost_unknown_emoji", "Mattermost knows emojis by names, and the name of this one is not known here", "permanent", {
          hint: "Write its name, for example :tada:",
        });
      if (user_id === undefined) throw new ChannelError("mattermost_unreachable", "Mattermost has not said yet who we are", "retry");
      // Made twice it stands once; taken back twice it is gone.
      if (on) await call("POST", "/reactions", { body: { user_id, post_id: messageId, emoji_name: name }, signal });
      else await call("DELETE", `/users/${user_id}${pathOf(messageId)}/reactions/${encodeURIComponent(name)}`, { signal });
    },
    pin: ({ messageId, signal }, on) => call("POST", `${pathOf(messageId)}/${on ? "pin" : "unpin"}`, { signal }),
  };
}
