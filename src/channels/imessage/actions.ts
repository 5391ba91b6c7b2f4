/** What the agent may do to messages on iMessage (core/channel.ts, ChannelActions); all of it needs the Private API. */
import type { ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { textMessage } from "../../core/message.ts";
import type { ImessageAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { chatOf, guidOf } from "./outbound.ts";
import { type ImessagePayload, renderMessage } from "./render.ts";
import { TAPBACKS, tapbackOf } from "./row.ts";

export function createActions({ way }: ImessageAccount): ChannelActions {
  /** Doing it again changes nothing, so what is in doubt may be repeated. */
  const repeatable = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw toChannelError(error, "repeatable");
    }
  };
  return {
    edit: ({ address, messageId, signal }, markdown) =>
      repeatable(async () => {
        const parts = renderMessage(textMessage(markdown));
        if (parts.length > 1)
          throw new ChannelError("imessage_too_long", "an edited message has one part", "permanent", { hint: "Write at most 4,000 characters" });
        const { message } = parts[0]!.payload as Extract<ImessagePayload, { kind: "text" }>;
        await way.edit(chatOf(address), guidOf(messageId), message, signal);
      }),
    delete: ({ address, messageId, signal }) => repeatable(() => way.unsend(chatOf(address), guidOf(messageId), signal)),
    react: ({ address, messageId, signal }, emoji, on) =>
      repeatable(async () => {
        const name = tapbackOf(emoji);
        if (name === undefined)
          throw new ChannelError("imessage_no_such_tapback", `there is no tapback for ${emoji}`, "permanent", {
            hint: `Use one of ${Object.values(TAPBACKS).join(" ")}`,
          });
        await way.react(chatOf(address), guidOf(messageId), { name, on, signal });
      }),
  };
}
