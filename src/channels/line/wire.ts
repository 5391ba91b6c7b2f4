/** What LINE posts, as far as it is read here (Messaging API reference, "Webhook event objects"). Nothing is taken for granted: fields come from outside. */
export interface WireCallback {
  /** User id of the bot that the events are for. */
  readonly destination?: string;
  readonly events?: readonly WireEvent[];
}

export interface WireSource {
  readonly type?: "user" | "group" | "room";
  readonly userId?: string;
  readonly groupId?: string;
  readonly roomId?: string;
}

export interface WireEvent {
  readonly type?: string;
  readonly mode?: "active" | "standby";
  /** Milliseconds; of the event itself, also when it is delivered again. */
  readonly timestamp?: number;
  /** The same when it is delivered again. */
  readonly webhookEventId?: string;
  readonly deliveryContext?: { readonly isRedelivery?: boolean };
  readonly source?: WireSource;
  readonly replyToken?: string;
  readonly message?: WireMessage;
  readonly unsend?: { readonly messageId?: string };
  readonly postback?: { readonly data?: string };
  readonly joined?: { readonly members?: readonly WireSource[] };
  readonly left?: { readonly members?: readonly WireSource[] };
}

export interface WireMessage {
  readonly type?: string;
  readonly id?: string;
  readonly text?: string;
  readonly mention?: { readonly mentionees?: readonly WireMentionee[] };
  readonly quoteToken?: string;
  readonly quotedMessageId?: string;
  readonly contentProvider?: { readonly type?: "line" | "external" };
  /** Milliseconds. */
  readonly duration?: number;
  readonly fileName?: string;
  readonly fileSize?: number;
  readonly title?: string;
  readonly address?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly keywords?: readonly string[];
}

export interface WireMentionee {
  readonly index?: number;
  readonly length?: number;
  readonly isSelf?: boolean;
}

/** A message object to send (Messaging API reference, "Message objects"). */
export type WireOutgoing = { readonly type: "text" | "image" | "video" | "audio" | "location" | "template" } & Readonly<Record<string, unknown>>;
