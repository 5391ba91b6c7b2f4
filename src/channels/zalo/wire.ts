/**
 * What Zalo posts, as far as it is read here (bot.zaloplatforms.com/docs/webhook). Nothing is taken for granted: fields come from outside, and clients have seen others
 * than the page names; QUIRKS.md says which.
 */
export interface WireUpdate {
  readonly event_name?: unknown;
  readonly message?: WireMessage | null;
}

export interface WireMessage {
  readonly message_id?: unknown;
  readonly from?: { readonly id?: unknown; readonly display_name?: unknown; readonly name?: unknown; readonly is_bot?: unknown } | null;
  readonly chat?: { readonly id?: unknown; readonly chat_type?: unknown } | null;
  /** Milliseconds. */
  readonly date?: unknown;
  readonly text?: unknown;
  /** Address of a picture; `photo_url` in what some clients have seen. */
  readonly photo?: unknown;
  readonly photo_url?: unknown;
  readonly caption?: unknown;
  /** Address of a sticker's picture. */
  readonly url?: unknown;
  readonly voice_url?: unknown;
}

/** getMe. */
export interface WireBot {
  readonly id?: unknown;
  readonly account_name?: unknown;
}

/** getWebhookInfo and setWebhook. */
export interface WireWebhook {
  readonly url?: unknown;
}

/** sendMessage and sendPhoto. */
export interface WireSent {
  readonly message_id?: unknown;
}

/** An id, which some libraries write as a number. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
