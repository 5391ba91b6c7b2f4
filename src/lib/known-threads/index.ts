import type { Address } from "../../core/address.ts";
import type { Update } from "../../core/update.ts";

/** In which threads the newest messages stand: many platforms tell of a reaction without its thread, which is a conversation of its own to the hall. */
export interface KnownThreads {
  /** Remembers where a message of ours has been posted. */
  posted(address: Address, messageId: string): void;
  /** Remembers where messages stand, and puts reactions to them there. */
  place(updates: readonly Update[]): Update[];
}

const MAX_KNOWN = 5_000;

export function createKnownThreads(): KnownThreads {
  const threads = new Map<string, string>();
  const keyOf = ({ conversation }: Address, messageId: string) => JSON.stringify([conversation, messageId]);
  const remember = (address: Address, messageId: string) => {
    if (address.thread === undefined) return;
    threads.set(keyOf(address, messageId), address.thread);
    if (threads.size > MAX_KNOWN) threads.delete(threads.keys().next().value!);
  };
  return {
    posted: remember,
    place: (updates) =>
      updates.map((update) => {
        if (update.type === "message") remember(update.address, update.messageId);
        if (update.type !== "reaction" || update.address.thread !== undefined) return update;
        const thread = threads.get(keyOf(update.address, update.messageId));
        return thread === undefined ? update : { ...update, address: { ...update.address, thread } };
      }),
  };
}
