/** Events and kinds (NIP-01, NIP-17, NIP-25, NIP-42, NIP-59), as far as they are read here. */

export interface NostrEvent {
  /** SHA-256 of the event, hex. */
  readonly id: string;
  readonly pubkey: string;
  /** Seconds. */
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  readonly sig: string;
}

/** A message that nobody has signed. */
export type Rumor = Omit<NostrEvent, "sig">;

export const KIND = { reaction: 7, chat: 14, file: 15, wrap: 1_059, inbox: 10_050, auth: 22_242 } as const;

/** How far back the date on a gift wrap may lie, so that nobody can tell when something was said: seconds (NIP-59). */
export const WRAP_SPREAD_S = 2 * 24 * 3_600;

/** @returns undefined for what is no event */
export function eventFrom(value: unknown): NostrEvent | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  const isHex = (text: unknown, length: number) => typeof text === "string" && text.length === length && /^[0-9a-f]+$/.test(text);
  if (!isHex(id, 64) || !isHex(pubkey, 64) || !isHex(sig, 128)) return undefined;
  if (!Number.isSafeInteger(created_at) || !Number.isSafeInteger(kind) || typeof content !== "string") return undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => Array.isArray(tag) && tag.every((part) => typeof part === "string"))) return undefined;
  return { id, pubkey, created_at, kind, tags, content, sig } as NostrEvent;
}

/** Values of the tags of this name. */
export function tagsOf({ tags }: Pick<NostrEvent, "tags">, name: string): string[] {
  return tags.flatMap((tag) => (tag[0] === name && tag[1] !== undefined ? [tag[1]] : []));
}
