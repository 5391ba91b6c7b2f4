import type { Clock } from "../core/clock.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Sender } from "../core/update.ts";

const CACHE = 10_000;

/** Person ids of channel identities; an identity seen for the first time is its own person. */
export interface People {
  idOf(channel: string, account: string, sender: Sender): Promise<string>;
  /** Whoever writes next from one of their identities is a new person. */
  forget(person: string): void;
}

export function createPeople(deps: { store: Store; clock: Clock; random: Random }): People {
  const known = new Map<string, string>();
  return {
    async idOf(channel, account, sender) {
      const key = JSON.stringify([channel, account, sender.id]);
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const identity = { channel, account, senderId: sender.id };
      const found = await deps.store.findPerson(identity);
      const { personId } =
        found ??
        (await deps.store.addPerson({
          ...identity,
          personId: newId(deps.clock, deps.random),
          now: deps.clock.now(),
          ...(sender.name !== undefined && { name: sender.name }),
        }));
      if (known.size >= CACHE) known.delete(known.keys().next().value!);
      known.set(key, personId);
      return personId;
    },
    forget(person) {
      for (const [key, id] of known) if (id === person) known.delete(key);
    },
  };
}
