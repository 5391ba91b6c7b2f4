/** What Mattermost sends (developers.mattermost.com, API v4), as far as it is read here. Every field may be missing: other versions, other editions. */

export interface WirePost {
  readonly id: string;
  readonly channel_id: string;
  readonly user_id: string;
  /** Milliseconds. */
  readonly create_at: number;
  readonly update_at?: number;
  /** 0 when never edited. */
  readonly edit_at?: number;
  /** 0 when it stands. */
  readonly delete_at?: number;
  readonly root_id?: string;
  readonly message?: string;
  /** Empty for what somebody said, `system_...` for notes. */
  readonly type?: string;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly metadata?: { readonly files?: readonly WireFile[] };
}

export interface WireFile {
  readonly id?: string;
  readonly name?: string;
  readonly mime_type?: string;
  readonly size?: number;
}

export interface WireReaction {
  readonly user_id: string;
  readonly post_id: string;
  readonly emoji_name: string;
  readonly create_at?: number;
}

export interface WireChannel {
  readonly id: string;
  /** `D` direct, `G` group message, `O` open, `P` private. */
  readonly type?: string;
  readonly last_post_at?: number;
}

/** A message of the WebSocket. */
export interface WireEvent {
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly broadcast?: { readonly channel_id?: string };
}

/** What an interactive button posts to our webhook. */
export interface WireAction {
  readonly user_id?: string;
  readonly user_name?: string;
  readonly channel_id?: string;
  readonly post_id?: string;
  readonly trigger_id?: string;
  readonly context?: { readonly data?: unknown; readonly nonce?: unknown; readonly thread?: unknown; readonly direct?: unknown; readonly proof?: unknown };
}

/** The key in `props` under which a part's nonce stands: props stay with a post and are shown to nobody. */
export const NONCE = "clanker_part";
