/** What the platform hands in, as far as it is read here (open.feishu.cn, "Event list"). Nothing is taken for granted: fields come from outside. */
export interface WireEvent {
  readonly schema?: string;
  readonly header?: { readonly event_id?: string; readonly event_type?: string; readonly create_time?: string; readonly app_id?: string };
  readonly event?: WireBody;
}

export interface WireId {
  readonly open_id?: string;
  readonly union_id?: string;
}

export interface WireMention {
  /** What stands in the text for it: `@_user_1`. */
  readonly key?: string;
  readonly id?: WireId;
  readonly name?: string;
}

export interface WireMessage {
  readonly message_id?: string;
  readonly root_id?: string;
  readonly parent_id?: string;
  /** Milliseconds, in digits. */
  readonly create_time?: string;
  readonly chat_id?: string;
  /** Set in topics alone. */
  readonly thread_id?: string;
  readonly chat_type?: "p2p" | "group";
  readonly message_type?: string;
  /** JSON, its shape by `message_type`. */
  readonly content?: string;
  readonly mentions?: readonly WireMention[];
}

/** The bodies of all kinds of events that are read here, together. */
export interface WireBody {
  readonly sender?: { readonly sender_id?: WireId; readonly sender_type?: string };
  readonly message?: WireMessage;
  readonly message_id?: string;
  readonly chat_id?: string;
  readonly recall_time?: string;
  readonly reaction_type?: { readonly emoji_type?: string };
  readonly operator_type?: string;
  readonly user_id?: WireId;
  readonly action_time?: string;
  readonly operator_id?: WireId;
  readonly users?: readonly { readonly user_id?: WireId }[];
  readonly operator?: WireId;
  readonly action?: { readonly value?: unknown; readonly tag?: string };
  readonly context?: { readonly open_message_id?: string; readonly open_chat_id?: string };
}

/** What a button of ours carries ("Card interaction callback", action.value). */
export interface ButtonValue {
  readonly data: string;
  /** Where the card was sent to; a copy of it elsewhere answers nothing. */
  readonly chat: string;
  readonly direct: boolean;
  readonly thread?: string;
}
