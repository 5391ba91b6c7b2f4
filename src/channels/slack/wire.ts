/** The parts of Slack's payloads that are read here (docs.slack.dev/reference). Everything is optional that a payload has ever come without. */

export interface SlackFile {
  readonly id?: string;
  readonly name?: string;
  readonly mimetype?: string;
  readonly size?: number;
  /** `slack_audio` and `slack_video` for clips recorded in Slack. */
  readonly subtype?: string;
  readonly duration_ms?: number;
  /** `hosted`, `external`, `tombstone` (deleted), `hidden_by_limit` ... */
  readonly mode?: string;
  readonly url_private_download?: string;
  readonly url_private?: string;
  /** Where it was posted: visibility, conversation, posts. */
  readonly shares?: Readonly<Record<string, Readonly<Record<string, readonly { readonly ts?: string }[]>>>>;
}

export interface SlackAttachment {
  readonly is_share?: boolean;
  readonly is_msg_unfurl?: boolean;
  readonly author_name?: string;
  readonly text?: string;
  readonly fallback?: string;
}

export interface SlackMessage {
  readonly type?: string;
  readonly subtype?: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly username?: string;
  readonly text?: string;
  readonly ts: string;
  readonly thread_ts?: string;
  /** Author of the thread's first message, in replies. */
  readonly parent_user_id?: string;
  readonly files?: readonly SlackFile[];
  readonly attachments?: readonly SlackAttachment[];
  readonly edited?: { readonly user?: string; readonly ts: string };
  readonly reply_count?: number;
  readonly latest_reply?: string;
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: Readonly<Record<string, unknown>> };
}

/** The `event` of an `event_callback`. */
export interface SlackEvent extends Partial<SlackMessage> {
  readonly type: string;
  readonly channel?: string;
  readonly channel_type?: string;
  readonly event_ts?: string;
  /** message_changed and message_deleted. */
  readonly message?: SlackMessage;
  readonly previous_message?: SlackMessage;
  readonly deleted_ts?: string;
  /** Reactions. */
  readonly reaction?: string;
  readonly item?: { readonly type?: string; readonly channel?: string; readonly ts?: string };
  /** Memberships. */
  readonly inviter?: string;
}

export interface EventCallback {
  readonly type: "event_callback";
  readonly team_id?: string;
  readonly enterprise_id?: string;
  readonly authorizations?: readonly { readonly team_id?: string | null; readonly enterprise_id?: string | null }[];
  readonly event: SlackEvent;
}

export interface BlockActions {
  readonly type: string;
  readonly user?: { readonly id?: string; readonly username?: string; readonly name?: string; readonly team_id?: string };
  readonly team?: { readonly id?: string } | null;
  readonly enterprise?: { readonly id?: string } | null;
  readonly channel?: { readonly id?: string };
  readonly container?: { readonly type?: string; readonly message_ts?: string; readonly channel_id?: string; readonly thread_ts?: string };
  readonly message?: { readonly ts?: string; readonly text?: string; readonly thread_ts?: string; readonly blocks?: readonly { readonly type?: string }[] };
  readonly actions?: readonly { readonly type?: string; readonly action_id?: string; readonly value?: string; readonly action_ts?: string }[];
}

export interface SlashCommand {
  readonly command?: string;
  readonly text?: string;
  readonly user_id?: string;
  readonly user_name?: string;
  readonly channel_id?: string;
  readonly team_id?: string;
  readonly enterprise_id?: string;
  readonly trigger_id?: string;
}

/** One thing that Slack hands in, by whichever way. */
export type Incoming =
  | { readonly kind: "event"; readonly payload: EventCallback }
  | { readonly kind: "interactive"; readonly payload: BlockActions }
  | { readonly kind: "command"; readonly payload: SlashCommand };
