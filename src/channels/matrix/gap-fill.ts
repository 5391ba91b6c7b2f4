/** What a sync leaves out of a room in which much was said (`limited`): read backwards from where the sync begins to where the last one ended (fault-47). */
import { type MatrixAccount, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";
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
  const { api, deps, rooms } = account;
  const oldest = Math.max(deps.clock.now() - MAX_AGE_MS, rooms.joinedAt(room));
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
    const fresh = chunk.filter(({ event_id: id, origin_server_ts: at = 0 }) => at >= oldest && !known.has(id));
    for (const { event_id: id } of fresh) known.add(id);
    missed.push(...fresh);
    if (chunk.length === 0 || fresh.length < chunk.length) return missed.toReversed();
    from = answer?.end === from ? undefined : answer?.end;
  }
  if (from !== undefined) deps.log.warn("matrix: more was missed in a room than is read", { room, read: missed.length });
  return missed.toReversed();
}
