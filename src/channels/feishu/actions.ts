/** What the agent may do to messages beyond sending them; each resolves only when the platform said that it is done. */
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import type { FeishuAccount } from "./account.ts";
import { emojiType } from "./emoji.ts";
import { toChannelError } from "./failure.ts";
import type { Outbound } from "./outbound.ts";
import { renderMessage } from "./render.ts";

export function createActions(account: FeishuAccount, outbound: Outbound): ChannelActions {
  const { api } = account;
  const truly = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw toChannelError(error);
    }
  };
  const pathOf = ({ messageId }: ActionTarget) => `/im/v1/messages/${encodeURIComponent(messageId)}`;
  return {
    async edit(target, markdown) {
      const parts = renderMessage({ parts: [{ type: "text", text: markdown }] });
      if (parts.length > 1) throw new ChannelError("feishu_too_big", "the text is longer than one message", "permanent", { hint: "Make it shorter" });
      await outbound.edit({ messageId: target.messageId }, parts[0]!, { ...target, nonce: "edit" });
    },
    delete: (target) => truly(async () => void (await api.call("DELETE", pathOf(target), { signal: target.signal }))),
    react: (target, emoji, on) => truly(() => react(account, `${pathOf(target)}/reactions`, { emoji, on, signal: target.signal })),
    pin: (target, on) =>
      truly(async () => {
        const { messageId: message_id, signal } = target;
        if (on) await api.call("POST", "/im/v1/pins", { body: { message_id }, signal });
        else await api.call("DELETE", `/im/v1/pins/${encodeURIComponent(message_id)}`, { signal });
      }),
    thread: (target, title) =>
      truly(async () => {
        // A topic begins with the first answer in it.
        const content = JSON.stringify({ text: title.replace(/<(?=at\b)/gi, "<\u200b") });
        const uuid = sha256Hex(`feishu topic ${target.messageId} ${title}`).slice(0, 40);
        await api.call("POST", `${pathOf(target)}/reply`, { body: { msg_type: "text", content, reply_in_thread: true, uuid }, signal: target.signal });
        return { thread: target.messageId };
      }),
  };
}

interface Reactions {
  readonly data?: {
    readonly items?: readonly { readonly reaction_id: string; readonly operator?: { readonly operator_id?: string; readonly operator_type?: string } }[];
    readonly has_more?: boolean;
    readonly page_token?: string;
  };
}

async function react({ api, config }: FeishuAccount, path: string, { emoji, on, signal }: { emoji: string; on: boolean; signal: AbortSignal }): Promise<void> {
  const emoji_type = emojiType(emoji);
  if (emoji_type === undefined)
    throw new ChannelError("feishu_no_such_reaction", `Feishu has no reaction ${emoji}`, "permanent", { hint: "Use a common one, such as 👍 ❤ 🎉 ✅" });
  // The reference does not say what becomes of a reaction that is there already.
  const ours = await findOurs({ api, config }, path, { emoji_type, signal });
  if (on && ours === undefined) await api.call("POST", path, { body: { reaction_type: { emoji_type } }, signal });
  if (!on && ours !== undefined) await api.call("DELETE", `${path}/${encodeURIComponent(ours)}`, { signal });
}

/** @returns the id of this account's own reaction */
async function findOurs(
  { api, config }: Pick<FeishuAccount, "api" | "config">,
  path: string,
  { emoji_type, signal }: { emoji_type: string; signal: AbortSignal },
): Promise<string | undefined> {
  for (let page: string | undefined = ""; page !== undefined;) {
    const query = new URLSearchParams({ reaction_type: emoji_type, page_size: "50", ...(page === "" ? {} : { page_token: page }) });
    const { data }: Reactions = await api.call<Reactions>("GET", `${path}?${query.toString()}`, { signal });
    const ours = data?.items?.find(({ operator }) => operator?.operator_type === "app" && operator.operator_id === config.app_id);
    if (ours !== undefined) return ours.reaction_id;
    page = data?.has_more === true ? data.page_token : undefined;
  }
  return undefined;
}
