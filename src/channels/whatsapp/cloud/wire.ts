/** What Meta posts to a webhook (developers.facebook.com, WhatsApp, Webhooks, "messages"), as far as it is read here. Every field may be missing: other versions. */

export interface WirePost {
  readonly object?: string;
  readonly entry?: readonly { readonly changes?: readonly { readonly field?: string; readonly value?: WireValue }[] }[];
}

export interface WireValue {
  readonly metadata?: { readonly phone_number_id?: string; readonly display_phone_number?: string };
  readonly contacts?: readonly WireContact[];
  readonly messages?: readonly WireMessage[];
  readonly statuses?: readonly WireStatus[];
}

export interface WireContact {
  /** The phone number; absent for people who go by a username alone. */
  readonly wa_id?: string;
  /** Business-scoped user id. */
  readonly user_id?: string;
  readonly profile?: { readonly name?: string; readonly username?: string };
}

export interface WireFile {
  readonly id?: string;
  readonly mime_type?: string;
  readonly caption?: string;
  readonly filename?: string;
  readonly voice?: boolean;
}

/** The words of a message: also what an edit carries. */
export interface WireContent {
  readonly type?: string;
  readonly text?: { readonly body?: string };
  readonly image?: WireFile;
  readonly audio?: WireFile;
  readonly video?: WireFile;
  readonly document?: WireFile;
  readonly sticker?: WireFile;
  readonly location?: { readonly latitude?: number; readonly longitude?: number; readonly name?: string; readonly address?: string };
  readonly contacts?: readonly { readonly name?: { readonly formatted_name?: string }; readonly phones?: readonly { readonly phone?: string }[] }[];
  readonly interactive?: { readonly type?: string; readonly button_reply?: WireReply; readonly list_reply?: WireReply };
  /** Quick reply of a template. */
  readonly button?: { readonly text?: string; readonly payload?: string };
  readonly context?: { readonly id?: string; readonly from?: string };
}

interface WireReply {
  readonly id?: string;
  readonly title?: string;
}

export interface WireMessage extends WireContent {
  readonly id?: string;
  readonly from?: string;
  readonly from_user_id?: string;
  /** Seconds. */
  readonly timestamp?: string;
  readonly group_id?: string;
  readonly reaction?: { readonly message_id?: string; readonly emoji?: string };
  readonly edit?: { readonly original_message_id?: string; readonly message?: WireContent };
  readonly revoke?: { readonly original_message_id?: string };
}

export interface WireStatus {
  readonly id?: string;
  /** `sent`, `delivered`, `read`, `played` or `failed`. */
  readonly status?: string;
  readonly biz_opaque_callback_data?: string;
  readonly errors?: readonly WireError[];
}

/** Error of an answer or of a status. */
export interface WireError {
  readonly code?: number;
  readonly title?: string;
  readonly message?: string;
  readonly error_data?: { readonly details?: string };
}
