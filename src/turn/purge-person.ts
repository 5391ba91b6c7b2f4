/** Forgetting a person: their turns are stopped, the store forgets them, and so does what this process remembers beside it. */
import type { Operations, Store } from "../core/store.ts";
import type { People } from "./people.ts";
import type { RecentEntries } from "./recent-entries.ts";

export type Purged = Operations["purgePerson"]["output"];

export interface PurgeDeps {
  readonly store: Store;
  readonly recent: Pick<RecentEntries, "forget">;
  readonly people: Pick<People, "forget">;
  /** Stops running and queued turns of a session. */
  readonly abort: (sessionId: string) => Promise<unknown>;
}

/** @throws StoreError `person_busy` when a turn of theirs does not end. */
export function createPurge({ store, recent, people, abort }: PurgeDeps): (person: string) => Promise<Purged> {
  return async (person) => {
    const open = await store.listTurns({ statuses: ["queued", "running", "waiting"], limit: 10_000 });
    const theirs = open.filter(({ principal }) => principal.person === person);
    for (const sessionId of new Set(theirs.map((turn) => turn.sessionId))) await abort(sessionId);
    const purged = await people.forget(person, () => store.purgePerson({ person }));
    for (const sessionId of [...purged.removedSessions, ...purged.changedSessions]) recent.forget(sessionId);
    await store.scrub();
    return purged;
  };
}
