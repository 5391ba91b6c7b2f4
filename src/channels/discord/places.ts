/** Which channels are threads, and of which channel. Events name only the thread; the parent decides who is let in. */
import { type DiscordApi, DiscordFailure } from "./api.ts";
import { THREAD_TYPES, type WireChannel } from "./wire.ts";

export interface Place {
  readonly conversation: string;
  readonly thread?: string;
}

export interface Places {
  /** From an event or an answer. */
  learn(channel: WireChannel): void;
  /** @throws DiscordFailure, HttpFailure when a channel is unknown and cannot be asked for right now. */
  find(channelId: string, guildId: string | undefined, signal: AbortSignal): Promise<Place>;
}

const MAX_CHANNELS = 20_000;

export function createPlaces(api: DiscordApi): Places {
  /** Channel -> its parent when it is a thread, else undefined. */
  const parents = new Map<string, string | undefined>();
  const learn = (channel: WireChannel): void => {
    const parent = THREAD_TYPES.has(channel.type) ? (channel.parent_id ?? undefined) : undefined;
    parents.delete(channel.id);
    parents.set(channel.id, parent);
    if (parents.size > MAX_CHANNELS) parents.delete(parents.keys().next().value!);
  };
  return {
    learn,
    async find(channelId, guildId, signal) {
      if (guildId !== undefined && !parents.has(channelId)) learn(await ask(api, channelId, signal));
      const parent = parents.get(channelId);
      return parent === undefined ? { conversation: channelId } : { conversation: parent, thread: channelId };
    },
  };
}

/** A channel that we may not see is taken as a plain one: as such it is on no list of allowed ones unless the owner wrote it there. */
async function ask(api: DiscordApi, channelId: string, signal: AbortSignal): Promise<WireChannel> {
  try {
    return (await api.call("GET", `/channels/${channelId}`, { signal })) as WireChannel;
  } catch (error) {
    if (error instanceof DiscordFailure && (error.status === 403 || error.status === 404)) return { id: channelId };
    throw error;
  }
}
