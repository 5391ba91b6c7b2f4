/**
 * Hands what happens to step 1 of the hall (turn/receive). Always true: the position on record moves only with the rows it covers (P1); an event that cannot be
 * translated is skipped and never holds up the others.
 */
import type { Update } from "../../core/update.ts";
import { type MattermostAccount, spokeIn } from "./account.ts";
import { MattermostFailure } from "./api.ts";
import { addressOf, deletionUpdate, editUpdate, type InboundContext, messageUpdate, reactionUpdate } from "./inbound.ts";
import type { WireChannel, WireEvent, WirePost, WireReaction } from "./wire.ts";

/** @throws what `Intake.receive` throws, MattermostFailure and HttpFailure of what had to be asked for: nothing was taken. */
export async function admitEvent(account: MattermostAccount, event: WireEvent, signal: AbortSignal): Promise<void> {
  const { update, at } = (await translated(account, event, signal)) ?? {};
  if (update !== undefined) await commit(account, [update], Math.max(account.seen, at ?? 0));
}

/** @param seen milliseconds up to which nothing is missing with these. @throws what `Intake.receive` throws */
export async function commit(account: MattermostAccount, given: readonly Update[], seen: number): Promise<void> {
  const updates = account.known.place(given);
  const { deps, config, health } = account;
  const cursor = { channel: "mattermost", account: config.account, name: "seen", value: String(seen) };
  if (updates.length === 0 && seen === account.seen) return;
  await deps.intake.receive(updates, seen === account.seen ? undefined : cursor);
  account.seen = seen;
  if (updates.length === 0) return;
  health.heard();
  deps.metrics.count("channel_updates", { channel: "mattermost", account: config.account }, updates.length);
}

interface Fact {
  readonly update: Update | undefined;
  /** By the server's clock; absent for what history does not keep. */
  readonly at?: number;
}

async function translated(account: MattermostAccount, event: WireEvent, signal: AbortSignal): Promise<Fact | undefined> {
  try {
    return await factOf(account, event, signal);
  } catch (error) {
    // An answer that asks for patience is not the event's fault.
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError) && !isGone(error)) throw error;
    account.deps.log.warn("mattermost event skipped: it could not be read", { event: event.event, error });
    return undefined;
  }
}

/** The conversation may not be read any more: left, archived or deleted meanwhile. */
export function isGone(error: unknown): boolean {
  return error instanceof MattermostFailure && (error.status === 403 || error.status === 404);
}

async function factOf(account: MattermostAccount, { event, data = {}, broadcast }: WireEvent, signal: AbortSignal): Promise<Fact | undefined> {
  switch (event) {
    case "posted":
    case "post_edited":
    case "post_deleted": {
      const post = JSON.parse(String(data["post"])) as WirePost;
      const type = typeof data["channel_type"] === "string" ? data["channel_type"] : undefined;
      if (type !== undefined) account.directs.set(post.channel_id, type === "D");
      const name = typeof data["sender_name"] === "string" ? data["sender_name"] : undefined;
      const context = await contextOf(account, post.channel_id, { name, signal });
      if (event === "posted") return { update: saidIn(account, post, context), at: post.create_at };
      if (event === "post_edited") return { update: editUpdate(post, context), at: post.update_at ?? 0 };
      return { update: deletionUpdate(post, context), at: post.delete_at || (post.update_at ?? 0) };
    }
    case "reaction_added":
    case "reaction_removed": {
      const channel = broadcast?.channel_id;
      if (channel === undefined || channel === "") return undefined;
      const context = await contextOf(account, channel, { signal });
      const reaction = JSON.parse(String(data["reaction"])) as WireReaction;
      return { update: reactionUpdate(reaction, { ...context, channel, removed: event === "reaction_removed", now: account.deps.clock.now() }) };
    }
    case "user_added":
    case "user_removed": {
      const joined = event === "user_added";
      const channel = joined ? broadcast?.channel_id : (data["channel_id"] ?? broadcast?.channel_id);
      // Of our own leaving the server tells us in a message to us alone, which names no user.
      if (typeof channel !== "string" || channel === "" || (data["user_id"] ?? account.me!.id) !== account.me!.id) return undefined;
      const now = account.deps.clock.now();
      const sender = { id: typeof data["remover_id"] === "string" ? data["remover_id"] : account.me!.id };
      const key = `member:${channel}:${now}:${joined ? "joined" : "left"}`;
      return {
        update: { type: "membership", key, address: addressOf(channel, account.config), sender, direct: false, at: now, change: joined ? "joined" : "left" },
      };
    }
    default:
      return undefined;
  }
}

/** What we say ourselves is no update, but answers to it are said to us. */
export function saidIn(account: MattermostAccount, post: WirePost, context: InboundContext): Update | undefined {
  if (post.user_id === account.me!.id) spokeIn(account, post.root_id || post.id);
  return messageUpdate(post, context);
}

export async function contextOf(
  account: MattermostAccount,
  channel: string,
  more: { name?: string | undefined; signal: AbortSignal },
): Promise<InboundContext> {
  return {
    account: account.config.account,
    me: account.me!,
    inThreads: account.config.reply_in_thread,
    threads: account.threads,
    direct: await isDirect(account, channel, more.signal),
    name: more.name,
  };
}

const MAX_CHANNELS = 5_000;

/** @throws MattermostFailure, HttpFailure when it has to be asked for. */
export async function isDirect({ directs, api }: MattermostAccount, channel: string, signal: AbortSignal): Promise<boolean> {
  const known = directs.get(channel);
  if (known !== undefined) return known;
  const { type } = await api.call<WireChannel>("GET", `/channels/${encodeURIComponent(channel)}`, { signal });
  if (directs.size > MAX_CHANNELS) directs.clear();
  directs.set(channel, type === "D");
  return type === "D";
}
