/**
 * After a send whose answer was lost: is it there? Slack has no idempotent sends, but a message carries metadata of ours that only apps see. Always true: a
 * message with our own nonce, posted by us, is exactly the part in question. Not finding it proves nothing, because it may still be on its way.
 */
import { sleep } from "../../core/clock.ts";
import type { SlackAccount } from "./account.ts";
import type { SlackFile, SlackMessage } from "./wire.ts";

export const PART_EVENT = "clanker_part";

export interface Doubt {
  readonly channel: string;
  readonly thread: string | undefined;
  readonly nonce: string;
  /** Wall milliseconds when it was sent. */
  readonly at: number;
}

/** Clocks differ; the nonce decides, the time only keeps the list short. */
const SLACK_MS = 300_000;

/** @returns the message's timestamp, or undefined when nobody knows. Never rejects. */
export async function findSent(account: SlackAccount, doubt: Doubt, signal: AbortSignal): Promise<string | undefined> {
  const { api, me } = account;
  const { channel, thread, nonce } = doubt;
  const page = { channel, oldest: ((doubt.at - SLACK_MS) / 1_000).toFixed(6), limit: 200, include_all_metadata: true };
  return await look(account, signal, async () => {
    const method = thread === undefined ? "conversations.history" : "conversations.replies";
    const { messages = [] } = await api.call<{ messages?: SlackMessage[] }>(method, thread === undefined ? page : { ...page, ts: thread }, { signal });
    return messages.find(
      (one) =>
        (one.user === me?.userId || (one.bot_id !== undefined && one.bot_id === me?.botId)) &&
        one.metadata?.event_type === PART_EVENT &&
        one.metadata.event_payload?.["nonce"] === nonce,
    )?.ts;
  });
}

/** The same for a file: it is known by its id, and was in no conversation before. */
export async function findShared(account: SlackAccount, fileId: string, channel: string, signal: AbortSignal): Promise<string | undefined> {
  return await look(account, signal, async () => {
    const { file } = await account.api.call<{ file?: SlackFile }>("files.info", { file: fileId }, { signal });
    const places = Object.values(file?.shares ?? {}).flatMap((one) => Object.entries(one));
    return places.some(([place]) => place === channel) ? fileId : undefined;
  });
}

async function look(account: SlackAccount, signal: AbortSignal, once: () => Promise<string | undefined>): Promise<string | undefined> {
  for (const pause of account.timing.proofMs) {
    await sleep(account.deps.clock, pause, signal);
    if (signal.aborted) return undefined;
    try {
      const found = await once();
      if (found !== undefined) return found;
    } catch (error) {
      account.deps.log.debug("slack: no look at what was sent", { error });
    }
  }
  return undefined;
}
