/**
 * The last step of the hall (house.md section 2): one part to Mattermost. Always true: a part is posted once however often it is sent. For half a minute the server
 * itself knows our nonce (pending_post_id); after that the posts do, which carry it in their props.
 */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { Address } from "../../core/address.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { newBoundary } from "../../lib/multipart/index.ts";
import { type MattermostAccount, spokeIn } from "./account.ts";
import { isDirect } from "./admit.ts";
import { proofOf } from "./press.ts";
import type { MattermostPayload } from "./render.ts";
import { toChannelError } from "./failure.ts";
import { NONCE, type WirePost } from "./wire.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

/** Clocks of two machines differ, and a try began before it was written down. */
const SKEW_MS = 60_000;

export function createOutbound(account: MattermostAccount): Outbound {
  const { api, deps } = account;
  return {
    async send(part, target) {
      const { conversation: channel_id, thread } = target.address;
      try {
        const posted = (target.triedSince === undefined ? undefined : await findPosted(account, target, target.triedSince)) ?? (await post());
        spokeIn(account, posted.root_id || posted.id);
        account.known.posted(target.address, posted.id);
        return { messageId: posted.id };
      } catch (error) {
        throw toChannelError(error);
      }
      async function post(): Promise<WirePost> {
        const payload = part.payload as MattermostPayload;
        const body =
          payload.kind === "media"
            ? { message: "", file_ids: [await upload(account, payload.media, target)] }
            : { message: payload.message, ...(await actions(account, payload, target)) };
        const props = { ...("props" in body ? body.props : {}), [NONCE]: target.nonce };
        const pending_post_id = `${account.me?.id ?? ""}:${target.nonce}`;
        return api.call<WirePost>("POST", "/posts", {
          body: { channel_id, ...(thread === undefined ? {} : { root_id: thread }), pending_post_id, ...body, props },
          signal: target.signal,
        });
      }
    },
    async edit(receipt, part, target) {
      const payload = part.payload as MattermostPayload;
      if (payload.kind !== "text")
        throw new ChannelError("mattermost_not_editable", "only text replaces a post", "permanent", { hint: "Send the file as a message of its own" });
      try {
        const { props = {} } = await actions(account, payload, target);
        const body = { message: payload.message, props: { ...props, [NONCE]: target.nonce } };
        await api.call("PUT", `/posts/${encodeURIComponent(receipt.messageId)}/patch`, { body, signal: target.signal });
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async typing({ conversation: channel_id, thread }) {
      if (account.me === undefined) return;
      try {
        await api.call("POST", `/users/${account.me.id}/typing`, { body: { channel_id, ...(thread === undefined ? {} : { parent_id: thread }) } });
      } catch (error) {
        deps.log.debug("mattermost typing not shown", { error: toChannelError(error) });
      }
    },
    async fetchMedia(media, signal) {
      if (media.ref === undefined) throw new ChannelError("mattermost_no_file", "the media has no file id", "permanent", { hint: "Ask for the file again" });
      try {
        const { bytes, type } = await api.download(media.ref, MAX_BLOB_BYTES, signal);
        return { bytes, type: media.type ?? (type === "" ? "application/octet-stream" : type), ...(media.name === undefined ? {} : { name: media.name }) };
      } catch (error) {
        throw toChannelError(error);
      }
    },
  };
}

async function findPosted({ api, me }: MattermostAccount, { address, nonce, signal }: SendTarget, since: number): Promise<WirePost | undefined> {
  const path = `/channels/${encodeURIComponent(address.conversation)}/posts?since=${Math.floor(since - SKEW_MS)}`;
  const { posts = {} } = await api.call<{ posts?: Record<string, WirePost> }>("GET", path, { signal });
  return Object.values(posts).find((one) => one.user_id === me?.id && one.props?.[NONCE] === nonce && !one.delete_at);
}

async function upload({ api, deps }: MattermostAccount, media: Media, { address, signal }: SendTarget): Promise<string> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const boundary = newBoundary(deps.random);
  return api.upload({ channel: address.conversation, name: media.name ?? blob.name ?? "file", type: blob.type, bytes: blob.bytes, boundary }, signal);
}

/** Buttons below the text (interactive messages). What they carry stays with the server and comes back to our webhook, with our own proof that it was ours. */
async function actions(
  account: MattermostAccount,
  { buttons = [] }: Extract<MattermostPayload, { kind: "text" }>,
  { address, nonce, signal }: SendTarget,
): Promise<{ props?: { attachments: object[] } }> {
  const { callback_url: url, callback_secret: secret } = account.config;
  if (url === undefined || secret === undefined) return {};
  if (buttons.length === 0) return { props: { attachments: [] } };
  const direct = await isDirect(account, address.conversation, signal);
  const made = await Promise.all(
    buttons.map(async ({ label, data }, index) => {
      const bound = { data, nonce, direct, ...(address.thread === undefined ? {} : { thread: address.thread }) };
      const context = { ...bound, proof: await proofOf(secret, address.conversation, bound) };
      return { id: `clanker${index}`, type: "button", name: label.slice(0, 80).toWellFormed(), integration: { url, context } };
    }),
  );
  return { props: { attachments: [{ text: "", actions: made }] } };
}
