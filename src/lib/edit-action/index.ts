import type { Channel, ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { textMessage } from "../../core/message.ts";

/**
 * `ChannelActions.edit` of a channel that can replace a sent part.
 * @throws ChannelError `NAME_too_long` when the new text is more than one message, beside those of `edit`.
 */
export function editAction({ name, render, edit }: Required<Pick<Channel, "name" | "render" | "edit">>): NonNullable<ChannelActions["edit"]> {
  return async ({ messageId, ...target }, markdown) => {
    const [part, ...more] = render(textMessage(markdown));
    if (more.length > 0) throw new ChannelError(`${name}_too_long`, "the new text does not fit into one message", "permanent", { hint: "Make it shorter" });
    await edit({ messageId }, part!, { ...target, nonce: `edit.${messageId}` });
  };
}
