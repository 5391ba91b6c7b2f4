/** Where somebody wants to be written to (kind 10050, NIP-17): asked of our relays and of those for looking up, kept for an hour. */
import { ChannelError } from "../../core/errors.ts";
import { connect, type NostrAccount } from "./account.ts";
import type { Relay } from "./relay.ts";
import { KIND, type NostrEvent, tagsOf } from "./wire.ts";

const KEPT_MS = 3_600_000;
const MAX_KEPT = 1_000;
/** NIP-17 asks for one to three; nobody makes us write to hundreds. */
const MAX_RELAYS = 4;

/** @throws ChannelError: `permanent` when they have none, `retry` when nobody could be asked */
export async function inboxOf(account: NostrAccount, reader: string, signal: AbortSignal): Promise<readonly string[]> {
  const { deps, inboxes, config } = account;
  const kept = inboxes.get(reader);
  if (kept !== undefined && deps.clock.monotonic() - kept.at < KEPT_MS) return kept.relays;
  const lookup = config.lookup_relays.filter((url) => !account.standing.has(url));
  const answers = await Promise.all([
    ...[...account.standing.values()].map((relay) => asked(relay, reader)),
    ...lookup.map((url) => lookedUp(account, url, { reader, signal })),
  ]);
  const found = answers
    .flatMap((events) => events ?? [])
    .filter((event) => event.kind === KIND.inbox && event.pubkey === reader && account.keys!.isSound(event));
  const newest = found.toSorted((a, b) => b.created_at - a.created_at)[0];
  if (newest === undefined) {
    if (kept !== undefined) return kept.relays;
    if (answers.every((events) => events === undefined))
      throw new ChannelError("nostr_unreachable", "no relay could be asked where they are written to", "retry");
    throw new ChannelError("nostr_no_inbox", "they have no inbox relays (kind 10050) on any relay that was asked", "permanent", {
      hint: "They set relays for private messages in their client; a relay that knows them goes into lookup_relays",
    });
  }
  const relays = [...new Set(tagsOf(newest, "relay").flatMap((url) => normal(url, config.relays)))].slice(0, MAX_RELAYS);
  if (relays.length === 0)
    throw new ChannelError("nostr_no_inbox", "their inbox relays are none that can be reached", "permanent", {
      hint: "They name a wss:// relay in their client",
    });
  inboxes.delete(reader);
  inboxes.set(reader, { relays, at: deps.clock.monotonic() });
  if (inboxes.size > MAX_KEPT) inboxes.delete(inboxes.keys().next().value!);
  return relays;
}

async function asked(relay: Relay, reader: string): Promise<NostrEvent[] | undefined> {
  try {
    return await relay.query({ kinds: [KIND.inbox], authors: [reader], limit: 1 });
  } catch {
    return undefined;
  }
}

async function lookedUp(account: NostrAccount, url: string, { reader, signal }: { reader: string; signal: AbortSignal }): Promise<NostrEvent[] | undefined> {
  try {
    const relay = await connect(account, url, { own: false, signal });
    try {
      return await asked(relay, reader);
    } finally {
      relay.close();
    }
  } catch (error) {
    account.deps.log.info("nostr: a relay for looking up does not answer", { relay: url, error });
    return undefined;
  }
}

/** One spelling; without TLS only what the config itself names. */
function normal(text: string, ours: readonly string[]): string[] {
  const url = URL.parse(text.trim())?.href.replace(/\/$/, "");
  return url !== undefined && (ours.includes(url) || url.startsWith("wss://")) ? [url] : [];
}
