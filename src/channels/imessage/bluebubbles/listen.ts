/**
 * The first step of the hall with BlueBubbles: its server is asked for rows behind the position on record. Its webhooks are posted once, unsigned, and lost when nobody
 * is there, so they only say that there is news. Always true: rows are handed in once per process, in order of their numbers.
 */
import type { ChannelDeps } from "../../../core/channel.ts";
import { HELPER } from "../failure.ts";
import type { Row } from "../row.ts";
import type { Feed } from "../way.ts";
import type { BlueBubblesApi } from "./api.ts";
import type { Bell } from "./bell.ts";
import { toRow } from "./to-row.ts";
import type { WireMessage, WireServerInfo } from "./wire.ts";

export interface ListenOptions {
  readonly api: BlueBubblesApi;
  readonly deps: ChannelDeps;
  readonly privateApi: boolean;
  readonly pollMs: number;
  readonly bell: Bell;
}

/** Nobody waits for an answer to something older. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;
/** A row can be in the database before its chat or its files are: so many before the newest are looked at again. */
const LOOK_BACK = 50;
const PAGE = 200;
const INFO_MS = 60_000;
/** Apple lets people edit for fifteen minutes. */
const EDITABLE_MS = 20 * 60_000;
const MISSED_EDITS_MS = 24 * 3_600_000;
/** Clocks of two devices differ. */
const SKEW_MS = 2 * 60_000;
/** Messages counts nanoseconds from the beginning of 2001 (UTC). */
const EPOCH_MS = Date.UTC(2001, 0, 1);

/** Asks until `signal` aborts. @throws WayFailure, HttpFailure, and what the feed throws */
export async function listen(feed: Feed, options: ListenOptions, signal: AbortSignal): Promise<void> {
  const { api, deps, pollMs, bell } = options;
  const seen = new Map<number, true>();
  const changes = new Map<string, number>();
  const known = feed.position();
  const floor = known ?? (await firstPosition(api, feed, signal));
  let info: { readonly at: number; readonly is: WireServerInfo } | undefined;
  // Changes of the time when nobody listened; of what was said before the first start nobody knows anything.
  let edited = deps.clock.now() - (known === undefined ? 0 : MISSED_EDITS_MS);
  while (!signal.aborted) {
    if (info === undefined || deps.clock.monotonic() - info.at > INFO_MS)
      info = { at: deps.clock.monotonic(), is: await api.call<WireServerInfo>("GET", "/server/info", { signal }) };
    const rows = await rowsBehind(api, firstRow(feed, seen, floor), { signal, now: deps.clock.now() });
    // What has nothing to read yet may still get its files.
    const whole = rows.filter((row) => !seen.has(row.rowid) && isWhole(row));
    await feed.said(whole);
    for (const { rowid, guid, edited: at } of whole) {
      seen.set(rowid, true);
      if (at !== undefined) changes.set(guid, at);
    }
    while (seen.size > LOOK_BACK * 10) seen.delete(seen.keys().next().value!);
    if (Number.parseInt(info.is.os_version ?? "0", 10) >= 13) edited = await handChanges(feed, { api, changes, edited, signal });
    feed.alive(troubleOf(info.is, options));
    await bell.wait(pollMs, signal);
  }
}

function isWhole({ fromMe, note, text, files, tapback }: Row): boolean {
  return fromMe || note === true || text !== "" || files.length > 0 || tapback !== undefined;
}

/** Behind the rows of the time before anybody listened, and a little before the newest that is on record. */
function firstRow(feed: Feed, seen: ReadonlyMap<number, true>, floor: number): number {
  return seen.size === 0 ? floor : Math.max(floor, (feed.position() ?? 0) - LOOK_BACK);
}

/** What was said before the first start was not said to the assistant. */
async function firstPosition(api: BlueBubblesApi, feed: Feed, signal: AbortSignal): Promise<number> {
  const newest = await api.call<WireMessage[]>("POST", "/message/query", { body: { limit: LOOK_BACK, sort: "DESC" }, signal });
  const rowid = Math.max(0, ...newest.map(({ originalROWID }) => originalROWID ?? 0));
  await feed.begin(rowid);
  return feed.position() ?? rowid;
}

async function rowsBehind(api: BlueBubblesApi, rowid: number, { signal, now }: { signal: AbortSignal; now: number }): Promise<Row[]> {
  const where = [{ statement: "message.ROWID > :rowid", args: { rowid } }];
  const after = Math.max(0, now - MAX_AGE_MS);
  const rows = await allPages(api, { where, after }, signal);
  return rows.toSorted((a, b) => a.rowid - b.rowid);
}

/** The server sorts by date, so everything is read before anything is handed in. */
async function allPages(api: BlueBubblesApi, query: object, signal: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const body = { ...query, limit: PAGE, offset, sort: "ASC", with: ["chats", "attachments", "message-summary-info"] };
    const page = await api.call<WireMessage[]>("POST", "/message/query", { body, signal });
    rows.push(...page.flatMap((message) => toRow(message) ?? []));
    if (page.length < PAGE) return rows;
  }
}

interface Changes {
  readonly api: BlueBubblesApi;
  /** When a message was last changed, by its guid. */
  readonly changes: Map<string, number>;
  readonly edited: number;
  readonly signal: AbortSignal;
}

/** @returns from when on to look the next time, milliseconds. */
async function handChanges(feed: Feed, { api, changes, edited, signal }: Changes): Promise<number> {
  const since = Math.max(0, edited - SKEW_MS);
  const where = [{ statement: "message.date_edited >= :edited", args: { edited: (since - EPOCH_MS) * 1_000_000 } }];
  const rows = await allPages(api, { where, after: Math.max(0, since - EDITABLE_MS) }, signal);
  const fresh = rows.filter((row) => row.edited !== undefined && changes.get(row.guid) !== row.edited);
  await feed.changed(fresh);
  for (const { guid, edited: at } of fresh) changes.set(guid, at!);
  while (changes.size > 1_000) changes.delete(changes.keys().next().value!);
  return Math.max(edited, ...fresh.map((row) => row.edited!));
}

function troubleOf({ private_api, helper_connected }: WireServerInfo, { privateApi }: ListenOptions): { code: string; detail: string } | undefined {
  if (!privateApi || (private_api === true && helper_connected !== false)) return undefined;
  return { code: "imessage_helper_missing", detail: `the Private API of the BlueBubbles server is not at work. ${HELPER}` };
}
