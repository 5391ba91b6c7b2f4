/**
 * The last step of the hall (house.md section 2): one line to a chat. Always true: it counts as sent only when Twitch says so, which is not the same as a status of 200.
 */
import type { ActionTarget, ChannelActions, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError, ClankerError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { TwitchAccount } from "./account.ts";
import { TwitchFailure } from "./answer.ts";
import type { TwitchPayload } from "./render.ts";

/** What an account that is no moderator may say in a chat (Twitch chat, rate limits): more, and it is shut out for half an hour. */
const MOST = 20;
const WINDOW_MS = 30_000;
/** Dropped for now: slow mode, too many, the same words again within half a minute. Twitch lists these codes nowhere and changes them, so they are known by their words. */
const LATER = /slow_?mode|rate_?limit|duplicate/;

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  readonly actions: ChannelActions;
}

interface Sent {
  readonly data?: readonly {
    readonly message_id?: string;
    readonly is_sent?: boolean;
    readonly drop_reason?: { readonly code?: string; readonly message?: string } | null;
  }[];
}

export function createOutbound(account: TwitchAccount): Outbound {
  const { api, deps, config } = account;
  const said: number[] = [];
  const keepPace = () => {
    const now = deps.clock.monotonic();
    while (said.length > 0 && said[0]! <= now - WINDOW_MS) said.shift();
    if (said.length >= MOST)
      throw new ChannelError("twitch_rate_limited", "as many messages as Twitch allows were sent", "retry", {
        retryAfterMs: Math.ceil(said[0]! + WINDOW_MS - now),
      });
    said.push(now);
  };
  return {
    async send(part, { address, replyTo, signal }) {
      const { me } = account;
      if (me === undefined) throw new ChannelError("twitch_unreachable", "not logged in to Twitch", "retry");
      keepPace();
      const body = {
        broadcaster_id: address.conversation,
        sender_id: me.id,
        message: (part.payload as TwitchPayload).message,
        ...(replyTo === undefined ? {} : { reply_parent_message_id: replyTo }),
      };
      try {
        const { data } = await api.call<Sent>("POST", "/chat/messages", { body, signal });
        const [answer] = data ?? [];
        if (answer?.is_sent === true && answer.message_id !== undefined) return { messageId: answer.message_id };
        const { code = "unknown", message = "" } = answer?.drop_reason ?? {};
        const words = `Twitch dropped the message (${code}): ${message}`.slice(0, 300);
        throw LATER.test(code)
          ? new ChannelError("twitch_rate_limited", words, "retry", { retryAfterMs: WINDOW_MS })
          : new ChannelError("twitch_dropped", words, "permanent", { hint: "The chat's rules do not let it through; its moderators can tell why" });
      } catch (error) {
        throw toChannelError(error);
      }
    },
    actions: config.moderate ? { delete: (target) => remove(target) } : {},
  };

  async function remove({ address, messageId, signal }: ActionTarget): Promise<void> {
    const { me } = account;
    if (me === undefined) throw new ChannelError("twitch_unreachable", "not logged in to Twitch", "retry");
    const query = new URLSearchParams({ broadcaster_id: address.conversation, moderator_id: me.id, message_id: messageId });
    try {
      await api.call("DELETE", `/moderation/chat?${query}`, { signal });
    } catch (error) {
      throw toChannelError(error);
    }
  }
}

/** Any failure of a call as a ChannelError. Twitch knows no nonce: what may have been said is not said again (reliability.md P2, fault-22 to fault-24). */
function toChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof HttpFailure)
    return new ChannelError("twitch_unreachable", `Twitch did not answer: ${error.message}`, error.sent ? "unknown" : "retry", { cause: error });
  if (error instanceof TwitchFailure) return fromAnswer(error);
  if (error instanceof ClankerError) return new ChannelError(error.code, error.message, "retry", { cause: error });
  return new ChannelError("internal", error instanceof Error ? error.message : String(error), "unknown", { cause: error });
}

function fromAnswer(error: TwitchFailure): ChannelError {
  const answer = `Twitch answered ${error.message}`;
  if (error.status === 429) return new ChannelError("twitch_rate_limited", answer, "retry", { cause: error, retryAfterMs: error.retryAfterMs ?? WINDOW_MS });
  // Before a token is there nothing was said.
  if (error.status >= 500) return new ChannelError("twitch_error", answer, /oauth2/.test(error.message) ? "retry" : "unknown", { cause: error });
  const permanent = (code: string, hint: string) => new ChannelError(code, answer, "permanent", { cause: error, hint });
  if (error.status === 401) return permanent("twitch_token_refused", "Make a new refresh token and put it into channels.twitch.refresh_token");
  if (error.status === 403) return permanent("twitch_not_allowed", "The account is banned there, or is no moderator, or its token lacks the scope");
  return permanent("twitch_refused", "Twitch will not take this; its answer says why");
}
