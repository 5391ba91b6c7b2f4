/**
 * Where an account has read up to. Kept in one cursor, which is committed with the rows it covers (P1): after a restart the session is resumed from there, or,
 * when Discord has forgotten it, the history is read from `since` on.
 */
import type { Cursor } from "../../core/update.ts";
import { isNewer } from "./wire.ts";

export interface Session {
  readonly id: string;
  /** Where it is resumed. */
  readonly url: string;
  /** Number of the last event that is committed. */
  seq: number;
}

export interface Position {
  session: Session | undefined;
  /** Id of the newest message that is committed; undefined before the first start. */
  since: string | undefined;
  /** Direct conversations, newest last: Discord does not list them. */
  readonly directs: Set<string>;
  /** The history since then is still to be read from these servers; until it is, a crash must not forget it. */
  gap: { readonly since: string; readonly guilds: Set<string> } | undefined;
}

export const CURSOR_NAME = "gateway";
const MAX_DIRECTS = 200;

export function emptyPosition(): Position {
  return { session: undefined, since: undefined, directs: new Set(), gap: undefined };
}

/** @param text what `cursorOf` wrote; anything else starts anew. */
export function parsePosition(text: string | undefined): Position {
  const position = emptyPosition();
  try {
    const stored = JSON.parse(text ?? "{}") as Partial<{ session: Session; since: string; directs: string[] }>;
    if (typeof stored.since === "string" && /^\d+$/.test(stored.since)) position.since = stored.since;
    for (const id of stored.directs ?? []) position.directs.add(String(id));
    const { session } = stored;
    if (typeof session?.id === "string" && typeof session.url === "string" && Number.isSafeInteger(session.seq)) position.session = { ...session };
  } catch {
    // Written by something else than this adapter: the same as none.
  }
  return position;
}

/** While a gap is open the session stays out of it, so that a restart reads the history again. */
export function cursorOf(position: Position, account: string): Cursor {
  const { gap, session, since } = position;
  const directs = [...position.directs];
  const value = gap === undefined ? { session, since, directs } : { since: gap.since, directs };
  return { channel: "discord", account, name: CURSOR_NAME, value: JSON.stringify(value) };
}

export function advance(position: Position, messageId: string): void {
  if (position.since === undefined || isNewer(messageId, position.since)) position.since = messageId;
}

export function rememberDirect(position: Position, channelId: string): void {
  position.directs.delete(channelId);
  position.directs.add(channelId);
  if (position.directs.size > MAX_DIRECTS) position.directs.delete(position.directs.keys().next().value!);
}
