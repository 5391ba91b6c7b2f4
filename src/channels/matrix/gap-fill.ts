/** What a sync leaves out of a room in which much was said (`limited`): read backwards from where the sync begins to where the last one ended (fault-47). */
import { type MatrixAccount, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import { cameIn } from "./rooms.ts";
import type { WireEvent, WireJoinedRoom } from "./wire.ts";

const PAGE = 100;
const MAX_PAGES = 20;
/** Nobody waits for an answer to something older. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;

/** @param since where the last sync ended. @returns the events in between, oldest first. @throws MatrixFailure, HttpFailure */
export async function missedEvents(
  account: MatrixAccount,
  room: string,
  { since, joined, signal }: { since: string; joined: WireJoinedRoom; signal: AbortSignal },
): Promise<WireEvent[]> {
  const { api, deps, me } = account;
  const oldest = deps.clock.now() - MAX_AGE_MS;
  const known = new Set(joined.timeline?.events?.map(({ event_id: id }) => id));
  const missed: WireEvent[] = [];
  let from = joined.timeline?.prev_batch;
  for (let page = 0; page < MAX_PAGES && from !== undefined; page++) {
    const query = `dir=b&limit=${PAGE}&from=${encodeURIComponent(from)}&to=${encodeURIComponent(since)}`;
    const answer: { chunk?: WireEvent[]; end?: string } | undefined = await api
      .call<{ chunk?: WireEvent[]; end?: string }>("GET", `/client/v3/rooms${path(room)}/messages?${query}`, { signal })
      .catch((error: unknown) => {
        // One room that may not be read does not keep the others from being read.
        if (error instanceof MatrixFailure && (error.status === 403 || error.status === 404)) return undefined;
        throw error;
      });
    const chunk = answer?.chunk ?? [];
    const fresh = chunk.filter(({ event_id: id }) => !known.has(id));
    for (const { event_id: id } of fresh) known.add(id);
    // A date is what the sender's server wrote: one that is old hides what stands before it from nobody.
    missed.push(...fresh.filter(({ origin_server_ts: at = 0 }) => at >= oldest));
    const over = chunk.length === 0 || fresh.length < chunk.length || chunk.some((event) => cameIn(event, me!.id));
    if (over) return missed.toReversed();
    from = answer?.end === from ? undefined : answer?.end;
  }
  if (from !== undefined) deps.log.warn("matrix: more was missed in a room than is read", { room, read: missed.length });
  return missed.toReversed();
}
