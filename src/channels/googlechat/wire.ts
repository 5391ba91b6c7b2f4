/** What Google Chat sends (developers.google.com/workspace/chat, reference of Event, Message and Space), as far as it is read here. Every field may be missing. */

export interface WireUser {
  /** `users/123456789`. */
  readonly name?: string;
  readonly displayName?: string;
  /** `HUMAN` or `BOT`. */
  readonly type?: string;
}

export interface WireSpace {
  /** `spaces/AAAA`. */
  readonly name?: string;
  /** Deprecated and always there: `DM` is one person and the app. */
  readonly type?: string;
  readonly spaceType?: string;
  readonly singleUserBotDm?: boolean;
  readonly spaceThreadingState?: string;
}

export interface WireAttachment {
  readonly contentName?: string;
  readonly contentType?: string;
  readonly attachmentDataRef?: { readonly resourceName?: string };
  readonly driveDataRef?: object;
  readonly source?: string;
}

export interface WireMessage {
  /** `spaces/AAAA/messages/BBBB.CCCC`. */
  readonly name?: string;
  readonly sender?: WireUser;
  /** RFC 3339. */
  readonly createTime?: string;
  readonly text?: string;
  /** Without the mention of the app. */
  readonly argumentText?: string;
  readonly thread?: { readonly name?: string };
  readonly space?: WireSpace;
  readonly annotations?: readonly { readonly type?: string; readonly userMention?: { readonly user?: WireUser } }[];
  readonly attachment?: readonly WireAttachment[];
  readonly quotedMessageMetadata?: { readonly name?: string };
  readonly slashCommand?: object;
  readonly cardsV2?: readonly WireCard[];
}

export interface WireCard {
  readonly cardId?: string;
  readonly card?: { readonly sections?: readonly { readonly widgets?: readonly Readonly<Record<string, unknown>>[] }[] };
}

export interface WireEvent {
  readonly type?: string;
  readonly eventTime?: string;
  readonly user?: WireUser;
  readonly space?: WireSpace;
  readonly message?: WireMessage;
  readonly action?: { readonly actionMethodName?: string; readonly parameters?: readonly { readonly key?: string; readonly value?: string }[] };
  readonly common?: { readonly invokedFunction?: string; readonly parameters?: Readonly<Record<string, unknown>> };
}
