/**
 * The last step of the hall (house.md section 2): one part to Slack. Always true: nothing is sent a second time unless Slack's own answer says that the first was
 * not taken; the error says what turn/deliver may do (P2).
 */
import type { Address } from "../../core/address.ts";
import type { Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { chunkText } from "../../lib/chunk/index.ts";
import { isBlank } from "../../lib/markdown/index.ts";
import { ACTION } from "./actions.ts";
import type { SlackAccount } from "./account.ts";
import { type Attempt, isBlocksRefused, toChannelError } from "./failure.ts";
import { shareFile, uploadFile } from "./files.ts";
import { createHolds, type Holds } from "../../lib/holds/index.ts";
import { findSent, findShared, PART_EVENT } from "./proof.ts";
import type { SlackPayload } from "./render.ts";
import { escapeText } from "./text.ts";
import { createTyping } from "./typing.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  /** Runs a call that may be repeated for a conversation, under the pauses that Slack has asked for. @throws ChannelError */
  run(method: string, address: Address, signal: AbortSignal, call: (channel: string) => Promise<void>): Promise<void>;
}

/** Where a part goes: conversations of people are opened first. */
interface Place {
  readonly channel: string;
  readonly thread: string | undefined;
}

/** Beside blocks, `text` is what notifications show; a section block holds as much (Block Kit, text object). */
const MAX_NOTIFICATION = 3_000;
/** Block Kit: a button's words. */
const MAX_LABEL = 75;

export function createOutbound(account: SlackAccount): Outbound {
  const { api } = account;
  const holds = createHolds(account.deps.clock);
  const opened = new Map<string, string>();
  const typing = createTyping(account);

  /** Runs one call under the pauses that Slack has asked for (fault-23). */
  const attempt = async <T>(call: { method: string; channel: string; kind: Attempt }, run: () => Promise<T>): Promise<T> => {
    // Slack counts posts by conversation, everything else by method (Web API, rate limits).
    const scope = call.method === "chat.postMessage" ? `${call.method} ${call.channel}` : call.method;
    refuseWhileHeld(holds, scope);
    try {
      return await run();
    } catch (error) {
      const failure = toChannelError(error, call.kind);
      if (failure.code === "slack_rate_limited") holds.add(scope, failure.retryAfterMs ?? 1_000);
      throw failure;
    }
  };

  const placeOf = async ({ conversation, thread }: Address, signal: AbortSignal): Promise<Place> => {
    if (!/^[UW]/.test(conversation)) return { channel: conversation, thread };
    const known = opened.get(conversation);
    if (known !== undefined) return { channel: known, thread };
    const run = () => api.call<{ channel: { id: string } }>("conversations.open", { users: conversation }, { signal });
    const { channel } = await attempt({ method: "conversations.open", channel: "", kind: "repeatable" }, run);
    if (opened.size > 1_000) opened.clear();
    opened.set(conversation, channel.id);
    return { channel: channel.id, thread };
  };

  return {
    async send(part, target) {
      const place = await placeOf(target.address, target.signal);
      const payload = part.payload as SlackPayload;
      const receipt = payload.kind === "media" ? await sendFile(payload) : await sendText(payload);
      typing.spoke(place.thread, "post");
      account.known.posted({ ...target.address, conversation: place.channel }, receipt.messageId);
      return receipt;

      async function sendText(text: Extract<SlackPayload, { kind: "text" }>): Promise<Receipt> {
        const at = account.deps.clock.now();
        try {
          return await attempt({ method: "chat.postMessage", channel: place.channel, kind: "send" }, () =>
            post(account, { ...part, payload: text }, { ...target, place }),
          );
        } catch (error) {
          if (!(error instanceof ChannelError) || error.failure !== "unknown") throw error;
          const ts = await proven(account, (signal) => findSent(account, { ...place, nonce: target.nonce, at }, signal));
          if (ts === undefined) throw error;
          return { messageId: ts };
        }
      }

      async function sendFile({ media }: Extract<SlackPayload, { kind: "media" }>): Promise<Receipt> {
        const { signal } = target;
        const file = await attempt({ method: "files.upload", channel: "", kind: "repeatable" }, () => uploadFile(account, media, signal));
        try {
          await attempt({ method: "files.share", channel: place.channel, kind: "send" }, () => shareFile(account, file, { ...place, signal }));
        } catch (error) {
          if (!(error instanceof ChannelError) || error.failure !== "unknown") throw error;
          const found = await proven(account, (looking) => findShared(account, file.id, place.channel, looking));
          if (found === undefined) throw error;
        }
        // Slack answers before the message with the file exists; nothing is edited by this id.
        return { messageId: `file:${file.id}` };
      }
    },
    async edit(receipt, part, target) {
      const payload = part.payload as SlackPayload;
      if (payload.kind !== "text" || receipt.messageId.startsWith("file:"))
        throw new ChannelError("slack_not_editable", "only text replaces a message", "permanent");
      const { channel } = await placeOf(target.address, target.signal);
      const message = { channel, ts: receipt.messageId, link_names: false };
      await attempt({ method: "chat.update", channel, kind: "repeatable" }, () =>
        withPlainText(part.text, payload, (body) => api.call("chat.update", { ...message, ...body }, { signal: target.signal })),
      );
      typing.spoke(target.address.thread, "edit");
    },
    typing: typing.show,
    async run(method, address, signal, call) {
      const { channel } = await placeOf(address, signal);
      await attempt({ method, channel, kind: "repeatable" }, () => call(channel));
    },
  };
}

function refuseWhileHeld(holds: Holds, scope: string): void {
  const left = holds.left(scope);
  if (left > 0) throw new ChannelError("slack_rate_limited", "Slack asked for a pause here", "retry", { retryAfterMs: Math.ceil(left) });
}

async function post(
  account: SlackAccount,
  part: RenderedPart & { payload: Extract<SlackPayload, { kind: "text" }> },
  target: SendTarget & { place: Place },
): Promise<Receipt> {
  const { channel, thread } = target.place;
  const message = {
    channel,
    ...(thread === undefined ? {} : { thread_ts: thread }),
    metadata: { event_type: PART_EVENT, event_payload: { nonce: target.nonce } },
    // Previews of links would fetch what the model wrote (and so tell its host), and nobody asked for them.
    unfurl_links: false,
    unfurl_media: false,
    link_names: false,
    mrkdwn: false,
  };
  const posted = await withPlainText(part.text, part.payload, (body) =>
    account.api.call<{ ts: string }>("chat.postMessage", { ...message, ...body }, { signal: target.signal }),
  );
  return { messageId: posted.ts };
}

type Body = { readonly text: string; readonly blocks: readonly object[] };

/** Markup never keeps words from arriving: what Slack does not understand it has surely not posted, so it goes again as plain text. */
async function withPlainText<T>(text: string, { elements, buttons }: Extract<SlackPayload, { kind: "text" }>, run: (body: Body) => Promise<T>): Promise<T> {
  const actions = buttons === undefined || buttons.length === 0 ? [] : [actionsBlock(buttons)];
  try {
    return await run({ text: notification(text), blocks: [{ type: "rich_text", elements }, ...actions] });
  } catch (error) {
    if (!isBlocksRefused(error)) throw error;
    const plain = chunkText(text, { limit: MAX_NOTIFICATION }).flatMap((chunk) =>
      isBlank(chunk) ? [] : [{ type: "section", text: { type: "plain_text", text: chunk, emoji: false } }],
    );
    return await run({ text: notification(text), blocks: [...plain, ...actions] });
  }
}

function notification(text: string): string {
  return escapeText(chunkText(text, { limit: MAX_NOTIFICATION })[0]!);
}

function actionsBlock(buttons: NonNullable<Extract<SlackPayload, { kind: "text" }>["buttons"]>): object {
  return {
    type: "actions",
    elements: buttons.map(({ label, data }, index) => ({
      type: "button",
      action_id: `${ACTION}${index}`,
      text: { type: "plain_text", text: label.slice(0, MAX_LABEL).toWellFormed(), emoji: false },
      value: data,
    })),
  };
}

/** The send's own signal may be the reason for the doubt; the look has its own bound, and ends when the account stops. */
async function proven(account: SlackAccount, find: (signal: AbortSignal) => Promise<string | undefined>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  account.background.run(async (stopping) => {
    const bound = new AbortController();
    const cancel = account.deps.clock.timer(PROOF_MS, () => bound.abort());
    resolve(await find(AbortSignal.any([stopping, bound.signal])));
    cancel();
  });
  const found = await promise;
  if (found !== undefined) account.deps.log.info("slack: a message whose answer was lost is there");
  return found;
}

const PROOF_MS = 15_000;
