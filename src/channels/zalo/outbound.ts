/** The last step of the hall (house.md section 2): one part to Zalo. It counts as sent when Zalo says so, and is not repeated when nobody can know (P2). */
import type { Address } from "../../core/address.ts";
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import type { ZaloAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { fileCall } from "./files.ts";
import type { ZaloPayload } from "./render.ts";
import { idOf, type WireSent } from "./wire.ts";

/** @throws ChannelError */
export async function sendPart(account: ZaloAccount, part: RenderedPart, { address, nonce, signal }: SendTarget): Promise<Receipt> {
  const payload = part.payload as ZaloPayload;
  try {
    const content = payload.kind === "media" ? await fileCall(account, payload.media) : { text: payload.text };
    const sent = await account.api.call<WireSent>("photo" in content ? "sendPhoto" : "sendMessage", { chat_id: address.conversation, ...content }, signal);
    return { messageId: idOf(sent.message_id) ?? `sent:${nonce}` };
  } catch (error) {
    throw toChannelError(error);
  }
}

/** Failures are swallowed: nobody misses it. */
export async function showTyping({ api, deps }: ZaloAccount, { conversation }: Address): Promise<void> {
  try {
    await api.call("sendChatAction", { chat_id: conversation, action: "typing" });
  } catch (error) {
    deps.log.debug("zalo typing not shown", { error: toChannelError(error) });
  }
}
