/**
 * What was said while nobody listened: Slack repeats an event three times within an hour and then forgets it, but history keeps it (fault-47). Read after a start
 * and after each loss, from the newest message that is on record; keys make duplicates of what did arrive.
 */
import { sleep } from "../../core/clock.ts";
import { admit, recordSeen } from "./admit.ts";
import type { SlackAccount } from "./account.ts";
import { SlackFailure } from "./api.ts";
import type { SlackMessage } from "./wire.ts";

/** Nobody waits for an answer to something older. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;
const MAX_PAGES = 20;
const MAX_WAITS = 10;
const TYPES = "public_channel,private_channel,mpim,im";

/** Never rejects. After a failure the gap stays on record and is read after the next connection or start. */
export async function catchUp(account: SlackAccount, signal: AbortSignal): Promise<void> {
  const { deps } = account;
  account.gaps += 1;
  account.behind = true;
  // Whoever reads already begins anew behind a further gap.
  if (account.readingGap) return;
  account.readingGap = true;
  try {
    while (account.behind && !signal.aborted) {
      const gaps = account.gaps;
      await readAll(account, signal);
      if (gaps === account.gaps) account.behind = false;
    }
    if (!account.behind) await recordSeen(account);
  } catch (error) {
    if (!signal.aborted) deps.log.warn("slack: what was missed could not be read", { error });
  } finally {
    account.readingGap = false;
  }
}

async function readAll(account: SlackAccount, signal: AbortSignal): Promise<void> {
  const floor = (account.deps.clock.now() - MAX_AGE_MS) / 1_000;
  const since = Number(account.seen) < floor ? floor.toFixed(6) : account.seen;
  for (const channel of await conversations(account, signal)) await readConversation(account, { channel, since }, signal);
}

async function conversations(account: SlackAccount, signal: AbortSignal): Promise<string[]> {
  const args = { types: TYPES, exclude_archived: true, limit: 200 };
  const found = await pages<{ id?: string }>(account, { method: "users.conversations", list: "channels", args }, signal);
  return found.flatMap(({ id }) => (id === undefined ? [] : [id]));
}

async function readConversation(account: SlackAccount, from: { channel: string; since: string }, signal: AbortSignal): Promise<void> {
  const { channel, since } = from;
  const args = { channel, oldest: since, limit: 100 };
  try {
    const messages = await pages<SlackMessage>(account, { method: "conversations.history", list: "messages", args }, signal);
    for (const message of messages.toReversed()) {
      await take(account, channel, message);
      if ((message.reply_count ?? 0) === 0) continue;
      const replies = { method: "conversations.replies", list: "messages", args: { ...args, ts: message.ts } };
      for (const reply of await pages<SlackMessage>(account, replies, signal)) await take(account, channel, reply);
    }
  } catch (error) {
    // One that may not be read (scope, left meanwhile) does not keep the others from being read.
    if (!(error instanceof SlackFailure) || error.status !== 200) throw error;
    account.deps.log.info("slack: history of a conversation not read", { channel, reason: error.reason });
  }
}

async function take(account: SlackAccount, channel: string, message: SlackMessage): Promise<void> {
  await admit(account, { kind: "event", payload: { type: "event_callback", event: { ...message, type: "message", channel } } });
}

interface Listing {
  readonly method: string;
  /** Name of the list in the answer. */
  readonly list: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** All pages of a listing, waiting as long as Slack asks for. */
async function pages<T>(account: SlackAccount, { method, list, args }: Listing, signal: AbortSignal): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  for (let page = 0, waits = 0; page < MAX_PAGES; page++) {
    let answer: { response_metadata?: { next_cursor?: string } } & Record<string, unknown>;
    try {
      answer = await account.api.call(method, { ...args, cursor }, { signal });
    } catch (error) {
      if (!(error instanceof SlackFailure) || error.status !== 429 || ++waits > MAX_WAITS) throw error;
      await sleep(account.deps.clock, error.retryAfterMs ?? 1_000, signal);
      page -= 1;
      continue;
    }
    found.push(...((answer[list] as T[] | undefined) ?? []));
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === "") break;
  }
  return found;
}
