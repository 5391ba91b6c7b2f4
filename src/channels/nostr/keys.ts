/** The library, loaded by the first account that is started, and what it does with our key. It does no network here. */
import type { Secret } from "../../core/secret.ts";
import type { NostrEvent, Rumor } from "./wire.ts";

export interface Keys {
  /** Our public key, in hex and as people write it. */
  readonly me: string;
  readonly npub: string;
  sign(event: Pick<NostrEvent, "kind" | "tags" | "content" | "created_at">): NostrEvent;
  /** Whether id and signature are right. */
  isSound(event: NostrEvent): boolean;
  /** @throws Error when it is not for us, or its parts do not belong together (NIP-59, NIP-17: the author of the seal has to be that of the message). */
  unwrap(wrap: NostrEvent): Rumor;
  /** The unsigned message, which has one id wherever and however often it is sent. */
  rumor(event: Pick<NostrEvent, "kind" | "tags" | "content" | "created_at">): Rumor;
  /** For one reader, from a key that nobody knows. */
  wrap(rumor: Rumor, reader: string): NostrEvent;
  toNpub(hex: string): string;
  /** @returns undefined for what is none */
  fromNpub(npub: string): string | undefined;
}

/** @throws Error when the private key is none */
export async function loadKeys(secret: Secret): Promise<Keys> {
  const [pure, nip19, nip59] = await Promise.all([import("nostr-tools/pure"), import("nostr-tools/nip19"), import("nostr-tools/nip59")]);
  const text = secret.reveal().trim().toLowerCase();
  const key = text.startsWith("nsec1")
    ? (nip19.decode(text as `nsec1${string}`).data as Uint8Array)
    : Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const me = pure.getPublicKey(key);
  return {
    me,
    npub: nip19.npubEncode(me),
    sign: (event) => pure.finalizeEvent({ ...event, tags: event.tags.map((tag) => [...tag]) }, key),
    // The library keeps its verdict inside the event it was given; what comes from outside cannot have one.
    isSound: (event) => pure.verifyEvent(mutable(event)),
    unwrap(wrap) {
      const { id: _claimed, ...rumor } = nip59.unwrapEvent(mutable(wrap), key);
      return { ...rumor, id: pure.getEventHash(rumor) };
    },
    rumor: (event) => nip59.createRumor({ ...event, tags: event.tags.map((tag) => [...tag]) }, key),
    wrap: (rumor, reader) => nip59.createWrap(nip59.createSeal({ ...rumor, tags: rumor.tags.map((tag) => [...tag]) }, key, reader), reader),
    toNpub: (hex) => nip19.npubEncode(hex),
    fromNpub(npub) {
      try {
        const found = nip19.decode(npub);
        return found.type === "npub" ? found.data : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

function mutable({ id, pubkey, created_at, kind, tags, content, sig }: NostrEvent) {
  return { id, pubkey, created_at, kind, tags: tags.map((tag) => [...tag]), content, sig };
}
