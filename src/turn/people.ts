import type { Clock } from "../core/clock.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Sender } from "../core/update.ts";

const CACHE = 10_000;

/** Person ids of channel identities; an identity seen for the first time is its own person. */
export interface People {
  idOf(channel: string, account: string, sender: Sender): Promise<string>;
  /** While `work` runs nobody is forgotten: whom `idOf` has named is still that person when their message is committed. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `erase` while nothing else looks at people; whoever writes from one of their identities from then on is a new person. */
  forget<T>(person: string, erase: () => Promise<T>): Promise<T>;
}

export function createPeople(deps: { store: Store; clock: Clock; random: Random }): People {
  const known = new Map<string, string>();
  let atWork = 0;
  let idle = Promise.withResolvers<void>();
  let forgetting: Promise<void> | undefined;
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
    async during(work) {
      while (forgetting !== undefined) await forgetting;
      atWork += 1;
      try {
        return await work();
      } finally {
        atWork -= 1;
        if (atWork === 0) idle.resolve();
      }
    },
    async forget(person, erase) {
      while (forgetting !== undefined) await forgetting;
      const over = Promise.withResolvers<void>();
      forgetting = over.promise;
      try {
        while (atWork > 0) {
          idle = Promise.withResolvers<void>();
          await idle.promise;
        }
        return await erase();
      } finally {
        for (const [key, id] of known) if (id === person) known.delete(key);
        forgetting = undefined;
        over.resolve();
      }
    },
  };
}
