/** What Twitch sends (dev.twitch.tv: EventSub WebSocket reference, EventSub subscription types), as far as it is read here. Every field may be missing. */

export interface WireFrame {
  readonly metadata?: {
    readonly message_id?: string;
    readonly message_type?: string;
    readonly message_timestamp?: string;
    readonly subscription_type?: string;
  };
  readonly payload?: {
    readonly session?: { readonly id?: string; readonly keepalive_timeout_seconds?: number | null; readonly reconnect_url?: string | null };
    readonly subscription?: { readonly type?: string; readonly status?: string; readonly condition?: { readonly broadcaster_user_id?: string } };
    readonly event?: unknown;
  };
}

/** `channel.chat.message`, version 1. */
export interface WireChat {
  readonly broadcaster_user_id?: string;
  readonly chatter_user_id?: string;
  readonly chatter_user_login?: string;
  readonly chatter_user_name?: string;
  readonly message_id?: string;
  readonly message?: {
    readonly text?: string;
    readonly fragments?: readonly { readonly type?: string; readonly text?: string; readonly mention?: { readonly user_id?: string } | null }[];
  };
  readonly reply?: {
    readonly parent_message_id?: string;
    readonly parent_message_body?: string;
    readonly parent_user_id?: string;
    readonly parent_user_name?: string;
  } | null;
  /** Of a chat that is shared with others: where it was said. */
  readonly source_broadcaster_user_id?: string | null;
}

/** `channel.chat.message_delete`, version 1. */
export interface WireDeletion {
  readonly broadcaster_user_id?: string;
  readonly target_user_id?: string;
  readonly target_user_login?: string;
  readonly message_id?: string;
}
