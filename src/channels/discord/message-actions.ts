/** What the assistant may do to messages on Discord (Resources: Message, Channel "Start Thread from Message", Poll). */
import type { ActionTarget, ChannelActions, Poll } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import { editAction } from "../../lib/edit-action/index.ts";
import type { DiscordAccount } from "./account.ts";
import { DiscordFailure, type Method } from "./api.ts";
import { toChannelError } from "./failure.ts";
import { channelOf, NO_MENTIONS, type Outbound } from "./outbound.ts";
import { renderMessage } from "./render.ts";
import type { WireMessage } from "./wire.ts";

/** JSON error code: there is no such emoji, or no such reaction. */
const UNKNOWN_EMOJI = 10014;
/** How long a poll is open, hours (Poll Create Request Object: at most 32 days). */
const POLL_HOURS = 24;

export function createMessageActions({ api, polls }: DiscordAccount, { edit }: Pick<Outbound, "edit">): ChannelActions {
  const messagesOf = ({ address }: Pick<ActionTarget, "address">) => `/channels/${channelOf(address)}/messages`;
  const call = async (method: Method, path: string, { signal }: ActionTarget, body?: object): Promise<unknown> => {
    try {
      return await api.call(method, path, { ...(body && { body }), signal });
    } catch (error) {
      throw toChannelError(error);
    }
  };
  return {
    edit: editAction({ name: "discord", render: renderMessage, edit }),
    delete: async (target) => void (await call("DELETE", `${messagesOf(target)}/${encodeURIComponent(target.messageId)}`, target)),
    async react(target, emoji, on) {
      const path = `${messagesOf(target)}/${encodeURIComponent(target.messageId)}/reactions/${encodeURIComponent(emoji)}/@me`;
      try {
        await call(on ? "PUT" : "DELETE", path, target);
      } catch (error) {
        const { cause } = error as { cause?: unknown };
        // Taken back already.
        if (on || !(cause instanceof DiscordFailure && cause.code === UNKNOWN_EMOJI)) throw error;
      }
    },
    pin: async (target, on) => void (await call(on ? "PUT" : "DELETE", `${messagesOf(target)}/pins/${encodeURIComponent(target.messageId)}`, target)),
    async thread(target, title) {
      const body = { name: [...title].slice(0, 100).join("") };
      const { id } = (await call("POST", `${messagesOf(target)}/${encodeURIComponent(target.messageId)}/threads`, target, body)) as { id: string };
      return { thread: id };
    },
    async poll({ address, signal }, poll) {
      try {
        const message = (await api.call("POST", messagesOf({ address }), { body: pollBody(poll), signal })) as WireMessage;
        polls.add(message);
        return { messageId: message.id };
      } catch (error) {
        throw inDoubt(error) ? new ChannelError("discord_poll_doubtful", toChannelError(error).message, "unknown", { cause: error }) : toChannelError(error);
      }
    },
  };
}

function pollBody({ question, options, multiple }: Poll) {
  return {
    allowed_mentions: NO_MENTIONS,
    poll: {
      question: { text: question },
      answers: options.map((text) => ({ poll_media: { text } })),
      duration: POLL_HOURS,
      allow_multiselect: multiple,
    },
  };
}

/** No nonce goes with a poll that somebody could repeat later: what was taken and not answered may be there. */
function inDoubt(error: unknown): boolean {
  return error instanceof HttpFailure ? error.sent : error instanceof DiscordFailure && error.status >= 500;
}
