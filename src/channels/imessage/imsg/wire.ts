/** What `imsg rpc` writes (its docs/rpc.md and docs/json.md; MessagePayload and AttachmentPayload), as far as it is read here. What does not apply is left out. */

export interface WireMessage {
  /** Rowid: the position of watch.subscribe. */
  readonly id?: number;
  readonly guid?: string;
  readonly chat_guid?: string;
  readonly sender?: string;
  readonly sender_name?: string;
  readonly is_from_me?: boolean;
  readonly text?: string;
  /** ISO 8601. */
  readonly created_at?: string;
  readonly attachments?: readonly WireAttachment[];
  readonly thread_originator_guid?: string;
  readonly is_reaction?: boolean;
  readonly reaction_emoji?: string;
  readonly is_reaction_add?: boolean;
  readonly reacted_to_guid?: string;
}

export interface WireAttachment {
  readonly transfer_name?: string;
  readonly mime_type?: string;
  readonly total_bytes?: number;
  readonly is_sticker?: boolean;
  /** Where it lies on the Mac. */
  readonly original_path?: string;
  readonly missing?: boolean;
}

export interface WireChats {
  readonly chats?: readonly { readonly id?: number }[];
}

export interface WireHistory {
  readonly messages?: readonly WireMessage[];
}

export interface WireSent {
  readonly guid?: string;
}
