/**
 * Hands gateway events to step 1 of the hall (turn/receive). Always true: an event counts as read (heartbeat, resume) only after this has resolved (P1); one that
 * cannot be translated is skipped and never holds up the others.
 */
import { HttpFailure } from "../../core/http.ts";
import type { Update } from "../../core/update.ts";
import type { DiscordAccount } from "./account.ts";
import { DiscordFailure } from "./api.ts";
import { fillDirects, fillGuild, Refusal } from "./gap-fill.ts";
import { deletionUpdates, editUpdates, type InboundContext, interactionUpdates, messageUpdates, reactionUpdates } from "./inbound.ts";
import { answerInteraction } from "./interactions.ts";
import { voteUpdates } from "./polls.ts";
import { advance, cursorOf, type Position, rememberDirect } from "./position.ts";
import {
  snowflakeAt,
  type WireChannel,
  type WireDeletion,
  type WireGuild,
  type WireInteraction,
  type WireMessage,
  type WireReaction,
  type WireReady,
} from "./wire.ts";

/** A dispatch as it came. */
export interface GatewayEvent {
  readonly type: string;
  readonly seq: number;
  readonly data: unknown;
}

/**
 * Takes events in order with one commit and moves the position behind them.
 * @throws what `Intake.receive` throws, DiscordFailure and HttpFailure of what had to be asked for: nothing was taken.
 */
export async function admit(account: DiscordAccount, events: readonly GatewayEvent[], position: Position, signal: AbortSignal): Promise<void> {
  // Moved only when everything is committed: what a heartbeat, a resume or a gap fill says must be true.
  const next: Position = { ...position };
  const updates: Update[] = [];
  const interactions = new Map<string, WireInteraction>();
  let store = false;
  for (const event of events) {
    const before = updates.length;
    updates.push(...(await translated(account, event, { position: next, signal })));
    if (event.type === "INTERACTION_CREATE" && updates.length > before) interactions.set(updates.at(-1)!.key, event.data as WireInteraction);
    store ||= event.type === "READY" || updates.length > before;
  }
  // The history is read: from now on a restart may resume.
  if (next.gap?.guilds.size === 0) {
    next.gap = undefined;
    store = true;
  }
  if (next.session !== undefined) next.session = { ...next.session, seq: events.at(-1)!.seq };
  const { deps, config } = account;
  const outcomes = store ? await deps.intake.receive(updates, cursorOf(next, config.account)) : [];
  Object.assign(position, next);
  if (updates.length > 0) account.health.heard();
  deps.metrics.count("channel_updates", { channel: "discord", account: config.account }, updates.length);
  updates.forEach((update, index) => {
    const interaction = interactions.get(update.key);
    const outcome = outcomes[index];
    // A stranger's press or command causes nothing at all (sec-34).
    if (interaction !== undefined && outcome !== undefined && outcome.kind !== "refused" && outcome.kind !== "duplicate")
      account.background.run((stopping) => answerInteraction(account, interaction, outcome, stopping));
  });
}

interface Reading {
  readonly position: Position;
  readonly signal: AbortSignal;
}

async function translated(account: DiscordAccount, event: GatewayEvent, reading: Reading): Promise<Update[]> {
  try {
    return await translate(account, event, reading);
  } catch (error) {
    // What could not be asked for may be there at the next try; what cannot be read will never be readable.
    if (error instanceof Refusal) throw error.cause;
    if (error instanceof DiscordFailure || error instanceof HttpFailure) throw error;
    account.deps.log.warn("discord event skipped: it could not be read", { event: event.type, error });
    return [];
  }
}

async function translate(account: DiscordAccount, event: GatewayEvent, { position, signal }: Reading): Promise<Update[]> {
  const data = event.data as never;
  switch (event.type) {
    case "READY":
      begin(account, event, position);
      await fillDirects(account, position, signal);
      return [];
    case "GUILD_CREATE":
      learnGuild(account, data);
      await fillGuild(account, data, position, signal);
      return [];
    case "GUILD_DELETE":
      // We were taken out of it; while it is only unavailable it comes back, and its history is read then.
      if ((data as WireGuild).unavailable !== true) position.gap?.guilds.delete((data as WireGuild).id);
      return [];
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
    case "THREAD_CREATE":
    case "THREAD_UPDATE":
      account.places.learn(data);
      return [];
    case "THREAD_LIST_SYNC":
      for (const thread of (data as { threads?: WireChannel[] }).threads ?? []) account.places.learn(thread);
      return [];
    case "MESSAGE_CREATE":
      return await said(account, data, { position, signal, event });
    case "MESSAGE_UPDATE":
      return editUpdates(data, await contextOf(account, data, event, signal));
    case "MESSAGE_DELETE":
    case "MESSAGE_DELETE_BULK": {
      const deletion = data as WireDeletion;
      return deletionUpdates(deletion, { ...(await contextOf(account, deletion, event, signal)), authorOf: account.authors.get });
    }
    case "MESSAGE_REACTION_ADD":
    case "MESSAGE_REACTION_REMOVE":
      return reactionUpdates(data as WireReaction, event.type === "MESSAGE_REACTION_REMOVE", await contextOf(account, data, event, signal));
    case "MESSAGE_POLL_VOTE_ADD":
    case "MESSAGE_POLL_VOTE_REMOVE":
      return voteUpdates(data, event.type === "MESSAGE_POLL_VOTE_REMOVE", { ...(await contextOf(account, data, event, signal)), polls: account.polls });
    case "INTERACTION_CREATE": {
      const interaction = data as WireInteraction;
      if (interaction.channel_id === undefined) return [];
      return interactionUpdates(interaction, await contextOf(account, interaction as WireInteraction & { channel_id: string }, event, signal));
    }
    default:
      return [];
  }
}

/** A session of its own begins: whatever was said since the last one is not in it. */
function begin(account: DiscordAccount, event: GatewayEvent, position: Position): void {
  const ready = event.data as WireReady;
  position.session = { id: ready.session_id, url: ready.resume_gateway_url, seq: event.seq };
  const since = position.gap?.since ?? position.since;
  if (since === undefined) position.since = snowflakeAt(account.deps.clock.now());
  else position.gap = { since, guilds: new Set((ready.guilds ?? []).map((guild) => guild.id)) };
}

async function said(account: DiscordAccount, message: WireMessage, { position, signal, event }: Reading & { event: GatewayEvent }): Promise<Update[]> {
  const updates = messageUpdates(message, await contextOf(account, message, event, signal));
  if (message.author !== undefined) account.authors.add(message.id, message.author.id);
  if (message.guild_id === undefined) rememberDirect(position, message.channel_id);
  advance(position, message.id);
  return updates;
}

async function contextOf(
  account: DiscordAccount,
  where: { readonly channel_id: string; readonly guild_id?: string },
  event: GatewayEvent,
  signal: AbortSignal,
): Promise<InboundContext> {
  const place = await account.places.find(where.channel_id, where.guild_id, signal);
  // Without our own id nothing is received, so `me` is set here.
  return { account: account.config.account, me: account.me!, place, now: account.deps.clock.now(), event: `${event.seq}` };
}

function learnGuild(account: DiscordAccount, guild: WireGuild): void {
  for (const channel of [...(guild.channels ?? []), ...(guild.threads ?? [])]) account.places.learn(channel);
}
