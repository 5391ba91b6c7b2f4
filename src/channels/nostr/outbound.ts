/**
 * The last step of the hall (house.md section 2): one message to the relays on which somebody wants theirs. Always true: it is sent when one of them has taken it; a part is the
 * same event, with the same id, however often it is sent.
 */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Media } from "../../core/message.ts";
import { fromHex, toHex } from "../../lib/hex/index.ts";
import { connect, type NostrAccount, reasonOf, type Wrapped } from "./account.ts";
import { inboxOf } from "./directory.ts";
import type { FileRef } from "./inbound.ts";
import type { Keys } from "./keys.ts";
import type { Verdict } from "./relay.ts";
import type { NostrPayload } from "./render.ts";
import { KIND, type NostrEvent, type Rumor } from "./wire.ts";

const MAX_WRAPPED = 200;
const LATER_MS = 30_000;

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

export function createOutbound(account: NostrAccount): Outbound {
  const { deps } = account;
  return {
    async send(part, { address, nonce, replyTo, signal }) {
      const { keys, reader } = readerOf(account, address.conversation);
      const content = (part.payload as NostrPayload).content;
      const tags = [["p", reader], ...(replyTo === undefined ? [] : [["e", replyTo]])];
      const made = () => keys.rumor({ kind: KIND.chat, tags, content, created_at: secondsOf(nonce, deps.clock.now()) });
      return { messageId: await deliver(account, made, { nonce, reader, signal }) };
    },
    fetchMedia: (media, signal) => fetchFile(account, media, signal),
  };
}

function readerOf({ keys }: NostrAccount, npub: string): { keys: Keys; reader: string } {
  if (keys === undefined) throw new ChannelError("nostr_unreachable", "not started", "retry");
  const reader = keys.fromNpub(npub);
  if (reader === undefined) throw new ChannelError("nostr_refused", "not a public key", "permanent", { hint: "Addresses are npub1…" });
  return { keys, reader };
}

/**
 * When a part was made, in seconds: from its nonce, which begins with a UUIDv7, so that it is the same with every try; and a second later for each part behind the first,
 * because clients put messages in order by it.
 */
function secondsOf(nonce: string, now: number): number {
  const found = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(?:\.(\d{1,4}))?/.exec(nonce);
  return found === null ? Math.floor(now / 1_000) : Math.floor(parseInt(found[1]! + found[2]!, 16) / 1_000) + Number(found[3] ?? 0);
}

/** @returns the message's id */
async function deliver(
  account: NostrAccount,
  made: () => Rumor,
  { nonce, reader, signal }: { nonce: string; reader: string; signal: AbortSignal },
): Promise<string> {
  const { deps } = account;
  const inbox = await inboxOf(account, reader, signal);
  const { id, theirs, ours } = wrappedFor(account, `${reader} ${nonce}`, { made, reader });
  const verdicts = await Promise.all(inbox.map((url) => put(account, url, { event: theirs, signal })));
  if (!verdicts.some(({ taken }) => taken)) throw failure(inbox, verdicts);
  // Our own copy, for whoever reads this account with a client (NIP-17). A courtesy.
  for (const relay of account.standing.values()) {
    relay.publish(ours).then(
      (verdict) => verdict.taken || deps.log.debug("nostr: our own copy was not kept", { reason: verdict.reason }),
      (error: unknown) => deps.log.debug("nostr: our own copy was not kept", { error }),
    );
  }
  return id;
}

function wrappedFor({ keys, wrapped }: NostrAccount, place: string, { made, reader }: { made: () => Rumor; reader: string }): Wrapped {
  const known = wrapped.get(place);
  if (known !== undefined) return known;
  const rumor = made();
  const fresh = { id: rumor.id, theirs: keys!.wrap(rumor, reader), ours: keys!.wrap(rumor, keys!.me) };
  wrapped.set(place, fresh);
  if (wrapped.size > MAX_WRAPPED) wrapped.delete(wrapped.keys().next().value!);
  return fresh;
}

type Outcome = Verdict & { readonly later?: boolean };

/** Never throws. `later`: it is not known, or only for now, that it was not taken. */
async function put(account: NostrAccount, url: string, { event, signal }: { event: NostrEvent; signal: AbortSignal }): Promise<Outcome> {
  const standing = account.standing.get(url);
  try {
    const relay = standing ?? (await connect(account, url, { own: false, signal }));
    try {
      const verdict = await relay.publish(event);
      // NIP-01: the word before the colon says why.
      return verdict.taken ? verdict : { ...verdict, later: /^(rate-limited|error):/.test(verdict.reason) || verdict.reason === "" };
    } finally {
      if (standing === undefined) relay.close();
    }
  } catch (error) {
    return { taken: false, reason: reasonOf(error), later: !(error instanceof HttpFailure && error.kind === "refused") };
  }
}

function failure(inbox: readonly string[], verdicts: readonly Outcome[]): ChannelError {
  const words = verdicts.map((verdict, index) => `${inbox[index]}: ${verdict.taken ? "" : verdict.reason}`).join("; ");
  const limited = verdicts.some((verdict) => !verdict.taken && verdict.reason.startsWith("rate-limited:"));
  if (verdicts.some(({ later }) => later === true))
    return new ChannelError(
      limited ? "nostr_rate_limited" : "nostr_unreachable",
      `no relay has taken it: ${words}`,
      "retry",
      limited ? { retryAfterMs: LATER_MS } : {},
    );
  return new ChannelError("nostr_refused", `no relay takes it: ${words}`, "permanent", { hint: "Their inbox relays refuse it; their words say why" });
}

/** @throws ChannelError */
async function fetchFile({ deps }: NostrAccount, media: Media, signal: AbortSignal): Promise<FetchedMedia> {
  const unreadable = (why: string) => new ChannelError("nostr_no_file", why, "permanent", { hint: "Ask for the file again" });
  let ref: FileRef;
  try {
    ref = JSON.parse(media.ref ?? "") as FileRef;
  } catch {
    throw unreadable("the file has no address");
  }
  try {
    const answer = await deps.untrusted.getUntrusted({ url: ref.url, signal, maxBytes: MAX_BLOB_BYTES });
    if (answer.status >= 500) throw new ChannelError("nostr_unreachable", `the file was answered ${answer.status}`, "retry");
    if (answer.status !== 200) throw unreadable(`the file was answered ${answer.status}`);
    if (answer.cut) throw new ChannelError("nostr_file_too_big", "the file is too big", "permanent", { hint: "Files of up to 20 MB can be fetched" });
    const bytes = await decrypted(answer.bytes, ref);
    if (bytes === undefined) throw unreadable("the file is not the one that was sent");
    return { bytes, type: media.type ?? "application/octet-stream", ...(media.name === undefined ? {} : { name: media.name }) };
  } catch (error) {
    if (error instanceof HttpFailure)
      throw error.kind === "refused"
        ? unreadable(error.message)
        : new ChannelError("nostr_unreachable", `the file's server did not answer: ${error.message}`, "retry", { cause: error });
    throw error;
  }
}

/** AES-GCM with the key that was in the message. @returns undefined when it is not what was sent */
async function decrypted(bytes: Uint8Array, { key, nonce, hash }: FileRef): Promise<Uint8Array | undefined> {
  const data = new Uint8Array(bytes);
  if (hash !== undefined && hash.toLowerCase() !== toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data)))) return undefined;
  try {
    const secret = await crypto.subtle.importKey("raw", fromHex(key), "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromHex(nonce) }, secret, data));
  } catch {
    return undefined;
  }
}
