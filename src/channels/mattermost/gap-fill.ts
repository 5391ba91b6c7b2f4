/**
 * What happened while nobody listened: the socket tells it to nobody later, but history keeps posts, edits and deletions (fault-47). Read after each hello, before
 * anything that comes over the socket; keys make duplicates of what did arrive.
 */
import type { Update } from "../../core/update.ts";
import type { MattermostAccount } from "./account.ts";
import { commit, contextOf, isGone, saidIn } from "./admit.ts";
import { deletionUpdate, editUpdate } from "./inbound.ts";
import type { WireChannel, WirePost } from "./wire.ts";

/** Nobody waits for an answer to something older. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;

/** @throws what `Intake.receive` throws, MattermostFailure and HttpFailure: it has to be read again. */
export async function fillGap(account: MattermostAccount, signal: AbortSignal): Promise<void> {
  const { api, me, deps } = account;
  const channels = await api.call<WireChannel[]>("GET", `/users/${me!.id}/channels`, { signal });
  // Kept from the first start on, so that nothing has to be asked when a stranger does something there (sec-34).
  for (const channel of channels) account.directs.set(channel.id, channel.type === "D");
  if (account.seen === 0) return;
  const since = Math.max(account.seen, deps.clock.now() - MAX_AGE_MS);
  const posts: WirePost[] = [];
  for (const channel of channels) {
    // An edit or a deletion does not move last_post_at, so quiet conversations are asked too; the answer is short.
    posts.push(...(await postsOf(account, channel.id, { since, signal })));
  }
  const updates: { readonly at: number; readonly update: Update }[] = [];
  let newest = account.seen;
  for (const post of posts.toSorted((a, b) => a.create_at - b.create_at)) {
    const changedAt = Math.max(post.create_at, post.update_at ?? 0, post.delete_at ?? 0);
    newest = Math.max(newest, changedAt);
    for (const update of await updatesOf(account, post, { since, signal })) updates.push({ at: update.at, update });
  }
  await commit(
    account,
    updates.toSorted((a, b) => a.at - b.at).map(({ update }) => update),
    newest,
  );
}

async function postsOf({ api, deps }: MattermostAccount, channel: string, { since, signal }: { since: number; signal: AbortSignal }): Promise<WirePost[]> {
  try {
    // One millisecond more: several posts may bear the same one.
    const { posts = {} } = await api.call<{ posts?: Record<string, WirePost> }>("GET", `/channels/${channel}/posts?since=${since - 1}`, { signal });
    return Object.values(posts);
  } catch (error) {
    // One that may not be read does not keep the others from being read.
    if (!isGone(error)) throw error;
    deps.log.info("mattermost: history of a conversation not read", { channel });
    return [];
  }
}

async function updatesOf(account: MattermostAccount, post: WirePost, { since, signal }: { since: number; signal: AbortSignal }): Promise<Update[]> {
  const context = await contextOf(account, post.channel_id, { signal });
  // A post of the very millisecond of the mark may be known or not: its key tells.
  const said = post.create_at >= since && !post.delete_at ? saidIn(account, post, context) : undefined;
  const wasKnown = post.create_at <= since;
  const deleted = post.delete_at && wasKnown ? deletionUpdate(post, context) : undefined;
  const edited = !post.delete_at && wasKnown && (post.edit_at ?? 0) >= since ? editUpdate(post, context) : undefined;
  return [said, deleted, edited].filter((update) => update !== undefined);
}
