/** What a homeserver sends (spec.matrix.org, client-server API v1.11 and later), as far as it is read here. Every field may be missing: whoever sends an event writes its content. */

export type Content = Readonly<Record<string, unknown>>;

export interface WireEvent {
  readonly type?: string;
  readonly event_id?: string;
  readonly sender?: string;
  /** Milliseconds, by the sender's server. */
  readonly origin_server_ts?: number;
  readonly state_key?: string;
  readonly content?: Content;
  /** Of redactions in rooms up to version 10; later it stands in the content. */
  readonly redacts?: string;
  readonly room_id?: string;
  readonly unsigned?: {
    readonly prev_content?: Content;
    readonly transaction_id?: string;
    readonly replaces_state?: string;
    readonly redacted_because?: unknown;
  };
}

export interface WireTimeline {
  readonly events?: readonly WireEvent[];
  readonly limited?: boolean;
  readonly prev_batch?: string;
}

export interface WireJoinedRoom {
  readonly state?: { readonly events?: readonly WireEvent[] };
  readonly timeline?: WireTimeline;
}

/** GET /_matrix/client/v3/sync */
export interface WireSync {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, WireJoinedRoom>>;
    readonly invite?: Readonly<Record<string, { readonly invite_state?: { readonly events?: readonly WireEvent[] } }>>;
    readonly leave?: Readonly<Record<string, WireJoinedRoom>>;
  };
  readonly account_data?: { readonly events?: readonly WireEvent[] };
  readonly to_device?: { readonly events?: readonly WireEvent[] };
  readonly device_lists?: { readonly changed?: readonly string[]; readonly left?: readonly string[] };
  readonly device_one_time_keys_count?: Readonly<Record<string, number>>;
  readonly device_unused_fallback_key_types?: readonly string[];
}

/** An encrypted file (client-server API, "Sending encrypted attachments"): where it lies and how it opens. */
export interface WireEncryptedFile {
  readonly url?: string;
  readonly key?: object;
  readonly iv?: string;
  readonly hashes?: object;
  readonly v?: string;
}

export interface WireRelation {
  readonly rel_type?: string;
  readonly event_id?: string;
  readonly key?: string;
  readonly is_falling_back?: boolean;
  readonly "m.in_reply_to"?: { readonly event_id?: string };
}
