/**
 * The first step of the hall: gift wraps from the relays of the config. Always true: a relay's position moves only with the rows it covers (P1), and what is asked for begins
 * two days before it, because the date on a wrap lies up to two days before the day it was sent (NIP-59).
 */
import { sleep } from "../../core/clock.ts";
import type { Update } from "../../core/update.ts";
import { createInOrder, type InOrder } from "../../lib/in-order/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { alive, connect, gone, type NostrAccount, reasonOf, recover } from "./account.ts";
import { translate } from "./inbound.ts";
import { loadKeys } from "./keys.ts";
import { type Relay, RelayTrouble } from "./relay.ts";
import { KIND, type NostrEvent, tagsOf, WRAP_SPREAD_S } from "./wire.ts";

/** Clocks of other people are wrong by minutes. */
const SKEW_MS = 10 * 60_000;
/** A connection that lived as long as this has worked: the next loss is a new one. */
const LIVED_MS = 60_000;
/** Wraps that are remembered: the same one comes from every relay, and again after each connection. */
const MAX_SEEN = 20_000;
/** A text of 64 kB, twice encrypted. */
const MAX_CONTENT = 400_000;

/** `at`: when it came, wall milliseconds. */
type Work =
  | { readonly kind: "wrap"; readonly wrap: NostrEvent; readonly relay: string; readonly at: number }
  | { readonly kind: "mark"; readonly relay: string; readonly at: number };

/** Receives until `signal` aborts. Never rejects. */
export async function receiveWraps(account: NostrAccount, signal: AbortSignal): Promise<void> {
  const { deps, config, health } = account;
  account.keys ??= await loadKeys(config.private_key);
  const begun = await beginning(account, signal);
  if (begun === undefined) return;
  const seen = new Set<string>();
  const backoff = createAccountBackoff(account);
  const queue = createInOrder<Work>({
    signal,
    async work(item) {
      await admit(account, item, { seen, begun });
      backoff.reset();
      if (!account.stuck) return;
      account.stuck = false;
      alive(account);
    },
    async failed(error, failures) {
      account.stuck = true;
      deps.log.warn("nostr message not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  await Promise.all(config.relays.map((url) => keepRelay(account, url, { queue, seen, signal })));
  await queue.idle();
  health.set("stopped");
}

/** When this account was first started: what was said before that is not answered. @returns undefined when stopped meanwhile */
async function beginning(account: NostrAccount, signal: AbortSignal): Promise<number | undefined> {
  const { deps, config } = account;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    try {
      const known = Number(await deps.cursor("begun"));
      if (known > 0) return known;
      const now = deps.clock.now();
      await deps.intake.receive([], { channel: "nostr", account: config.account, name: "begun", value: String(now) });
      return now;
    } catch (error) {
      await recover(account, error, { backoff, signal });
    }
  }
  return undefined;
}

interface Keeping {
  readonly queue: InOrder<Work>;
  readonly seen: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Holds one relay; the others do not wait for it. */
async function keepRelay(account: NostrAccount, url: string, keeping: Keeping): Promise<void> {
  const { deps, config } = account;
  const { signal } = keeping;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    const openedAt = deps.clock.monotonic();
    let relay: Relay | undefined;
    try {
      relay = await connect(account, url, { own: true, signal });
      await serve(account, relay, { url, ...keeping });
    } catch (error) {
      if (!signal.aborted) {
        if (deps.clock.monotonic() - openedAt > LIVED_MS) backoff.reset();
        deps.metrics.count("channel_poll_failures", { channel: "nostr", account: config.account });
        deps.log.warn("nostr relay failed", { relay: url, error, failures: backoff.failures + 1 });
        gone(account, url, reasonOf(error));
      }
    } finally {
      relay?.close();
      account.standing.delete(url);
    }
    await backoff.wait(signal);
  }
}

/** @throws RelayTrouble when it is over, and what the store throws: it is connected anew */
async function serve(account: NostrAccount, relay: Relay, { url, queue, seen, signal }: Keeping & { url: string }): Promise<void> {
  const { deps, timing, keys } = account;
  const startedAt = deps.clock.now();
  const known = Number(await deps.cursor(`since:${url}`));
  const since = Math.floor((known > 0 ? known : startedAt) / 1_000) - WRAP_SPREAD_S - SKEW_MS / 1_000;
  const ended = Promise.withResolvers<void>();
  const over = new AbortController();
  const stop = () => relay.close();
  signal.addEventListener("abort", stop, { once: true });
  relay.ask({
    filter: { kinds: [KIND.wrap], "#p": [keys!.me], since },
    event: async (wrap) => {
      if (!seen.has(wrap.id) && isForUs(wrap, keys!.me)) await queue.add({ kind: "wrap", wrap, relay: url, at: deps.clock.now() });
    },
    end: () => ended.resolve(),
    refused: (reason) => ended.reject(new RelayTrouble(`it will not tell: ${reason}`)),
  });
  try {
    const patience = new AbortController();
    const late = sleep(deps.clock, timing.answerMs, patience.signal).then(() => ended.reject(new RelayTrouble(`no answer within ${timing.answerMs} ms`)));
    await Promise.race([ended.promise, relay.over]).finally(() => patience.abort());
    await late;
    await queue.add({ kind: "mark", relay: url, at: startedAt });
    account.standing.set(url, relay);
    alive(account);
    await publishInbox(account, relay);
    let marked = deps.clock.monotonic();
    for (;;) {
      await Promise.race([sleep(deps.clock, timing.pingMs, AbortSignal.any([over.signal, signal])), relay.over]);
      if (signal.aborted) return;
      const at = deps.clock.now();
      await relay.ping();
      alive(account);
      if (deps.clock.monotonic() - marked < timing.markMs) continue;
      marked = deps.clock.monotonic();
      await queue.add({ kind: "mark", relay: url, at });
    }
  } finally {
    over.abort();
    signal.removeEventListener("abort", stop);
  }
}

function isForUs(wrap: NostrEvent, me: string): boolean {
  return wrap.kind === KIND.wrap && tagsOf(wrap, "p").includes(me) && wrap.content.length <= MAX_CONTENT;
}

/** Says where we are written to (kind 10050), when it is not said there yet. @throws RelayTrouble when the connection is over */
async function publishInbox({ config, deps, keys }: NostrAccount, relay: Relay): Promise<void> {
  const found = await relay.query({ kinds: [KIND.inbox], authors: [keys!.me], limit: 1 });
  const newest = found.filter((event) => event.pubkey === keys!.me && keys!.isSound(event)).toSorted((a, b) => b.created_at - a.created_at)[0];
  if (newest !== undefined && String(tagsOf(newest, "relay")) === String(config.relays)) return;
  const event = keys!.sign({
    kind: KIND.inbox,
    tags: config.relays.map((url) => ["relay", url]),
    content: "",
    created_at: Math.floor(deps.clock.now() / 1_000),
  });
  const verdict = await relay.publish(event);
  if (!verdict.taken) deps.log.warn("nostr: a relay does not take our list of inbox relays; people may not find us", { reason: verdict.reason });
}

/** Step 1 of the hall (turn/receive). @throws what `Intake.receive` throws: it was not taken */
async function admit(account: NostrAccount, item: Work, { seen, begun }: { seen: Set<string>; begun: number }): Promise<void> {
  const { deps, config, health } = account;
  const cursor = { channel: "nostr", account: config.account, name: `since:${item.relay}`, value: String(item.at) };
  if (item.kind === "mark") return void (await deps.intake.receive([], cursor));
  const { wrap } = item;
  if (seen.has(wrap.id)) return;
  const update = opened(account, wrap);
  if (update !== undefined && update.at >= begun - SKEW_MS) {
    await deps.intake.receive([update], cursor);
    health.heard();
    deps.metrics.count("channel_updates", { channel: "nostr", account: config.account }, 1);
  }
  seen.add(wrap.id);
  if (seen.size > MAX_SEEN) seen.delete(seen.values().next().value!);
}

/** Anybody may send us anything: what is not sound is left. */
function opened({ keys, deps, config }: NostrAccount, wrap: NostrEvent): Update | undefined {
  try {
    if (!keys!.isSound(wrap)) return undefined;
    return translate(keys!.unwrap(wrap), keys!, config.account);
  } catch (error) {
    deps.log.info("nostr: a wrap was left: it cannot be opened", { reason: error instanceof Error ? error.message.slice(0, 200) : "" });
    return undefined;
  }
}
