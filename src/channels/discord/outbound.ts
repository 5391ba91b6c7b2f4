/**
 * The last step of the hall (house.md section 2): one part to Discord. Always true: a part carries its nonce with enforce_nonce, so that Discord posts it once
 * however often it comes within some minutes; a try that may be older than that is looked for in the history first (P2, fault-22).
 */
import type { Address } from "../../core/address.ts";
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Button } from "../../core/message.ts";
import type { DiscordAccount } from "./account.ts";
import { DiscordFailure } from "./api.ts";
import { toChannelError } from "./failure.ts";
import { uploadOf } from "./media.ts";
import type { DiscordPayload } from "./render.ts";
import { snowflakeAt, type WireMessage } from "./wire.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
}

/** Message Flags: SUPPRESS_EMBEDS. */
const NO_PREVIEWS = 4;
/** Nobody is pinged by what the assistant says. */
export const NO_MENTIONS = { parse: [], replied_user: false };
/** Create Message: a nonce has up to 25 characters. */
const NONCE_LENGTH = 25;
const HISTORY_PAGES = 5;
const MAX_SETTLED = 2_000;

export function createOutbound(account: DiscordAccount): Outbound {
  const { api, deps, timing } = account;
  /** Messages that are known as other parts: the same words twice are two messages. */
  const settled = new Set<string>();
  return {
    async send(part, target) {
      const payload = part.payload as DiscordPayload;
      const channel = channelOf(target.address);
      try {
        const old = target.triedSince !== undefined && deps.clock.now() - target.triedSince > timing.nonceMs;
        const found = old ? await findPosted(account, payload, { channel, since: target.triedSince!, settled, signal: target.signal }) : undefined;
        const message = found ?? (await post(account, payload, target));
        remember(settled, message.id);
        // Discord gives back what an earlier try has posted under this nonce; a preview whose answer was lost said less then.
        if (payload.kind === "text" && !saysTheSame(message, payload))
          await api.call("PATCH", `/channels/${channel}/messages/${message.id}`, { body: editBody(payload), signal: target.signal });
        return { messageId: message.id };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async edit(receipt, part, target) {
      const payload = part.payload as DiscordPayload;
      if (payload.kind !== "text") throw new ChannelError("discord_not_editable", "only text replaces a message", "permanent");
      try {
        const path = `/channels/${channelOf(target.address)}/messages/${encodeURIComponent(receipt.messageId)}`;
        await api.call("PATCH", path, { body: editBody(payload), signal: target.signal });
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async typing(address) {
      try {
        await api.call("POST", `/channels/${channelOf(address)}/typing`);
      } catch (error) {
        deps.log.debug("discord typing not shown", { error });
      }
    },
  };
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size > MAX_SETTLED) ids.delete(ids.values().next().value!);
}

/** A thread is a channel of its own. */
export function channelOf(address: Address): string {
  return encodeURIComponent(address.thread ?? address.conversation);
}

async function post(account: DiscordAccount, payload: DiscordPayload, target: SendTarget): Promise<WireMessage> {
  const body = {
    ...bodyOf(payload),
    nonce: await nonceOf(target.nonce),
    enforce_nonce: true,
    ...(target.replyTo === undefined ? {} : { message_reference: { message_id: target.replyTo, fail_if_not_exists: false } }),
  };
  const path = `/channels/${channelOf(target.address)}/messages`;
  const upload = payload.kind === "media" ? { upload: await uploadOf(account, payload.media) } : {};
  const send = (whole: object) => account.api.call("POST", path, { body: whole, ...upload, signal: target.signal }) as Promise<WireMessage>;
  try {
    return await send(body);
  } catch (error) {
    if (target.replyTo === undefined || !(error instanceof DiscordFailure) || !isReplyRefused(error)) throw error;
    // Surely not posted: what it answers cannot be answered, the words still have to arrive.
    const { message_reference: _, ...plain } = body as typeof body & { message_reference?: unknown };
    return await send(plain);
  }
}

/** JSON error code: who may not read the history may not answer in it. */
const NO_HISTORY = 160002;

function isReplyRefused({ status, code, description }: DiscordFailure): boolean {
  return code === NO_HISTORY || (status === 400 && /message_reference/.test(description));
}

function bodyOf(payload: DiscordPayload) {
  return {
    content: payload.content ?? "",
    flags: NO_PREVIEWS,
    allowed_mentions: NO_MENTIONS,
    ...(payload.buttons === undefined ? {} : { components: rowsOf(payload.buttons) }),
  };
}

function editBody(payload: DiscordPayload) {
  return { ...bodyOf(payload), components: rowsOf(payload.buttons ?? []) };
}

/** Rows of five buttons (Components reference: type 1 is a row, type 2 a button, style 2 grey). */
function rowsOf(buttons: readonly Button[]) {
  const rows = Array.from({ length: Math.ceil(buttons.length / 5) }, (_, row) => buttons.slice(row * 5, row * 5 + 5));
  return rows.map((row) => ({
    type: 1,
    components: row.map(({ label, data }) => ({ type: 2, style: 2, label: label.slice(0, 80).toWellFormed(), custom_id: data })),
  }));
}

/** The hall's nonces are longer than Discord's may be. */
async function nonceOf(nonce: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(nonce));
  return Buffer.from(digest).toString("base64url").slice(0, NONCE_LENGTH);
}

/** The history does not show nonces, so an old try is known by what it said. @returns the message, when it has been posted. */
async function findPosted(
  { api, me }: DiscordAccount,
  payload: DiscordPayload,
  { channel, since, settled, signal }: { channel: string; since: number; settled: ReadonlySet<string>; signal: AbortSignal },
): Promise<WireMessage | undefined> {
  let after = snowflakeAt(since - 5_000);
  for (let page = 0; page < HISTORY_PAGES; page++) {
    const messages = (await api.call("GET", `/channels/${channel}/messages?after=${after}&limit=100`, { signal })) as WireMessage[];
    const found = messages.find((message) => message.author?.id === me?.id && !settled.has(message.id) && saysTheSame(message, payload));
    if (found !== undefined || messages.length < 100) return found;
    after = messages.reduce((newest, { id }) => (BigInt(id) > BigInt(newest) ? id : newest), after);
  }
  throw new ChannelError("discord_send_doubtful", "an earlier try of this part may have been posted and is too far back to be looked for", "unknown");
}

function saysTheSame(message: WireMessage, payload: DiscordPayload): boolean {
  const files = message.attachments?.length ?? 0;
  return (message.content ?? "").trim() === (payload.content ?? "").trim() && (payload.kind === "media") === files > 0;
}
