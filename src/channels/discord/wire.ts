/** The fields of Discord's API v10 that this adapter reads. Everything that comes over the wire is only believed to look like this. */

export interface WireUser {
  readonly id: string;
  readonly username?: string;
  readonly global_name?: string | null;
  readonly bot?: boolean;
}

export interface WireAttachment {
  readonly id: string;
  readonly filename?: string;
  readonly content_type?: string;
  readonly size?: number;
  readonly url?: string;
  readonly duration_secs?: number;
}

export interface WireMessage {
  readonly id: string;
  readonly channel_id: string;
  readonly guild_id?: string;
  readonly author?: WireUser;
  readonly member?: { readonly nick?: string | null; readonly roles?: readonly string[] };
  readonly webhook_id?: string;
  readonly content?: string;
  readonly timestamp?: string;
  readonly edited_timestamp?: string | null;
  /** Message Types: 0 is a plain message, 19 a reply, 20 a slash command's answer, 21 the message that a thread began with. */
  readonly type?: number;
  readonly mentions?: readonly WireUser[];
  readonly mention_roles?: readonly string[];
  readonly attachments?: readonly WireAttachment[];
  readonly embeds?: readonly { readonly title?: string; readonly description?: string; readonly url?: string; readonly type?: string }[];
  readonly sticker_items?: readonly { readonly id: string; readonly name?: string; readonly format_type?: number }[];
  readonly poll?: {
    readonly question?: { readonly text?: string };
    readonly answers?: readonly { readonly answer_id?: number; readonly poll_media?: { readonly text?: string } }[];
  };
  /** `type` 0 or left out: a reply; 1: a forward. */
  readonly message_reference?: { readonly type?: number; readonly message_id?: string; readonly channel_id?: string };
  readonly referenced_message?: WireMessage | null;
  readonly message_snapshots?: readonly { readonly message?: WireMessage }[];
}

export interface WireChannel {
  readonly id: string;
  readonly type?: number;
  readonly guild_id?: string;
  readonly parent_id?: string | null;
  readonly last_message_id?: string | null;
}

export interface WireGuild {
  readonly id: string;
  readonly unavailable?: boolean;
  readonly channels?: readonly WireChannel[];
  readonly threads?: readonly WireChannel[];
}

export interface WireReady {
  readonly session_id: string;
  readonly resume_gateway_url: string;
  readonly user: WireUser;
  readonly guilds?: readonly { readonly id: string }[];
}

export interface WireReaction {
  readonly user_id: string;
  readonly channel_id: string;
  readonly message_id: string;
  readonly guild_id?: string;
  readonly member?: { readonly nick?: string | null; readonly user?: WireUser };
  readonly emoji?: { readonly id?: string | null; readonly name?: string | null };
}

export interface WireVote {
  readonly user_id: string;
  readonly channel_id: string;
  readonly message_id: string;
  readonly guild_id?: string;
  readonly answer_id: number;
}

export interface WireInteraction {
  readonly id: string;
  readonly token: string;
  /** 2: slash command, 3: pressed component. */
  readonly type: number;
  readonly channel_id?: string;
  readonly guild_id?: string;
  readonly member?: { readonly nick?: string | null; readonly user?: WireUser };
  readonly user?: WireUser;
  readonly message?: WireMessage;
  readonly data?: { readonly name?: string; readonly custom_id?: string; readonly options?: readonly { readonly name?: string; readonly value?: unknown }[] };
}

export interface WireDeletion {
  readonly id?: string;
  readonly ids?: readonly string[];
  readonly channel_id: string;
  readonly guild_id?: string;
}

/** One frame of the gateway. */
export interface Frame {
  readonly op: number;
  readonly d?: unknown;
  readonly s?: number | null;
  readonly t?: string | null;
}

/** Threads: announcement, public, private (Channel Types). */
export const THREAD_TYPES: ReadonlySet<number | undefined> = new Set([10, 11, 12]);

const EPOCH = 1_420_070_400_000n;

/** When an id was made, milliseconds since the epoch (Reference, Snowflakes). */
export function snowflakeTime(id: string): number {
  return Number((BigInt(id) >> 22n) + EPOCH);
}

/** The lowest id of an instant. */
export function snowflakeAt(ms: number): string {
  const since = BigInt(Math.max(0, Math.floor(ms))) - EPOCH;
  return String((since < 0n ? 0n : since) << 22n);
}

export function isNewer(id: string, than: string): boolean {
  return BigInt(id) > BigInt(than);
}
