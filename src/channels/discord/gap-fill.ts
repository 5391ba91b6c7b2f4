/**
 * What was said while no session stood, read from the history (fault-47). Its keys are those of the gateway, so what came both ways is taken once.
 */
import { sleep } from "../../core/clock.ts";
import type { DiscordAccount } from "./account.ts";
import { DiscordFailure } from "./api.ts";
import { historyUpdates } from "./inbound.ts";
import { advance, type Position } from "./position.ts";
import { isNewer, snowflakeAt, snowflakeTime, type WireGuild, type WireMessage } from "./wire.ts";

/** Ids of one instant are handed out by many machines of Discord, so we begin a little earlier. */
const MARGIN_MS = 60_000;
/** Older than this is not answered any more. */
const MAX_AGE_MS = 24 * 3_600_000;
const PAGE = 100;
/** Per conversation. */
const MAX_PAGES = 10;
/** Per page. */
const MAX_PAUSES = 5;

/** The intake's own refusal, to be told from a history that cannot be read. */
export class Refusal extends Error {}

/** Called for READY: the direct conversations that we know of. */
export async function fillDirects(account: DiscordAccount, position: Position, signal: AbortSignal): Promise<void> {
  if (position.gap === undefined) return;
  for (const id of position.directs) await fillChannel(account, { id, guild: undefined }, position, signal);
}

/** Called for each GUILD_CREATE: its channels and threads in which something was said since. */
export async function fillGuild(account: DiscordAccount, guild: WireGuild, position: Position, signal: AbortSignal): Promise<void> {
  const { gap } = position;
  if (gap === undefined || guild.unavailable === true || !gap.guilds.has(guild.id)) return;
  const from = beginning(account, gap.since);
  for (const channel of [...(guild.channels ?? []), ...(guild.threads ?? [])]) {
    if (channel.last_message_id && isNewer(channel.last_message_id, from)) await fillChannel(account, { id: channel.id, guild: guild.id }, position, signal);
  }
  gap.guilds.delete(guild.id);
}

function beginning(account: DiscordAccount, since: string): string {
  return snowflakeAt(Math.max(snowflakeTime(since) - MARGIN_MS, account.deps.clock.now() - MAX_AGE_MS));
}

/** Hands each page to the intake without a cursor: only READY and GUILD_CREATE as a whole count as read. */
async function fillChannel(account: DiscordAccount, where: { id: string; guild: string | undefined }, position: Position, signal: AbortSignal): Promise<void> {
  const { deps, config, places, authors } = account;
  let after = beginning(account, position.gap!.since);
  for (let page = 0; page < MAX_PAGES; page++) {
    const messages = await historyPage(account, where.id, after, signal);
    if (messages.length === 0) return;
    const place = await places.find(where.id, where.guild, signal);
    const updates = messages.flatMap((message) => {
      try {
        // The history does not say in which server it is.
        const whole = where.guild === undefined ? message : { ...message, guild_id: where.guild };
        return historyUpdates(whole, { account: config.account, me: account.me!, place, now: deps.clock.now(), event: "history" });
      } catch (error) {
        deps.log.warn("discord message skipped: it could not be read", { message: message?.id, error });
        return [];
      }
    });
    if (updates.length > 0) {
      await deps.intake.receive(updates).catch((cause: unknown) => {
        throw new Refusal("the intake refused what the history gave", { cause });
      });
    }
    for (const message of messages) {
      if (message.author !== undefined) authors.add(message.id, message.author.id);
      advance(position, message.id);
    }
    after = messages.at(-1)!.id;
    if (messages.length < PAGE) return;
  }
  deps.log.warn("discord conversation said more than is read after an outage", { conversation: where.id, read: MAX_PAGES * PAGE });
}

/** Oldest first; nothing when we may not read there. A pause that Discord asks for is waited here: from the beginning it would be asked for again. */
async function historyPage({ api, deps }: DiscordAccount, channel: string, after: string, signal: AbortSignal): Promise<WireMessage[]> {
  for (let pauses = 0; ; pauses++) {
    try {
      const messages = (await api.call("GET", `/channels/${channel}/messages?after=${after}&limit=${PAGE}`, { signal })) as WireMessage[];
      return messages.toSorted((a, b) => (isNewer(a.id, b.id) ? 1 : -1));
    } catch (error) {
      if (!(error instanceof DiscordFailure) || signal.aborted) throw error;
      if (error.status === 403 || error.status === 404) return [];
      if (error.status !== 429 || pauses >= MAX_PAUSES) throw error;
      await sleep(deps.clock, error.retryAfterMs ?? 1_000, signal);
    }
  }
}
