/**
 * What signal-cli's daemon sends (man signal-cli-jsonrpc(5) and the records in org.asamk.signal.json), as far as it is read here. Every field may be missing or null:
 * other versions.
 */

/** One `receive` event of /api/v1/events. */
export interface WireReceive {
  readonly envelope?: WireEnvelope;
  /** What kept the daemon from reading it; `type` is the name of its class. */
  readonly exception?: { readonly message?: string; readonly type?: string };
}

export interface WireEnvelope {
  /** The account's ACI. The number beside it changes hands and is not read. */
  readonly sourceUuid?: string;
  readonly sourceName?: string;
  /** Milliseconds, by the sender's clock; with the author it names the message. */
  readonly timestamp?: number;
  readonly serverReceivedTimestamp?: number;
  readonly dataMessage?: WireData;
  readonly editMessage?: WireEdit;
  readonly syncMessage?: { readonly sentMessage?: WireSent };
}

export interface WireData {
  readonly timestamp?: number;
  readonly message?: string;
  readonly viewOnce?: boolean;
  readonly reaction?: { readonly emoji?: string; readonly targetAuthorUuid?: string; readonly targetSentTimestamp?: number; readonly isRemove?: boolean };
  readonly quote?: WireQuote;
  readonly mentions?: readonly WireMention[];
  readonly attachments?: readonly WireAttachment[];
  readonly sticker?: { readonly packId?: string; readonly stickerId?: number };
  readonly remoteDelete?: { readonly timestamp?: number };
  readonly adminDelete?: { readonly targetAuthorUuid?: string; readonly targetSentTimestamp?: number };
  readonly contacts?: readonly WireContact[];
  readonly pollCreate?: { readonly question?: string; readonly options?: readonly string[] };
  readonly pollVote?: {
    readonly authorUuid?: string;
    readonly targetSentTimestamp?: number;
    readonly optionIndexes?: readonly number[];
    readonly voteCount?: number;
  };
  readonly groupInfo?: { readonly groupId?: string };
}

/** Sent from another device of the account. */
export interface WireSent extends WireData {
  readonly destinationUuid?: string;
  readonly editMessage?: WireEdit;
}

export interface WireEdit {
  readonly targetSentTimestamp?: number;
  readonly dataMessage?: WireData;
}

/** Its text is what its sender claims; no server has checked it. */
export interface WireQuote {
  /** Timestamp of the quoted message. */
  readonly id?: number;
  readonly authorUuid?: string;
  readonly text?: string;
}

/** Stands where the text has U+FFFC; UTF-16 units. */
export interface WireMention {
  readonly uuid?: string;
  readonly start?: number;
  readonly length?: number;
}

export interface WireAttachment {
  readonly id?: string;
  readonly contentType?: string;
  readonly filename?: string;
  readonly size?: number;
}

export interface WireContact {
  readonly name?: { readonly nickname?: string; readonly given?: string; readonly family?: string };
  readonly phone?: readonly { readonly value?: string }[];
}

/** What send, sendReaction, remoteDelete and their kin answer, and what stands in `data.response` of an error of theirs. */
export interface WireSendResult {
  /** Names the message, together with our own ACI. */
  readonly timestamp?: number;
  readonly results?: readonly WireRecipientResult[];
}

export interface WireRecipientResult {
  readonly recipientAddress?: { readonly uuid?: string };
  /** SUCCESS, NETWORK_FAILURE, UNREGISTERED_FAILURE, IDENTITY_FAILURE, RATE_LIMIT_FAILURE, INVALID_PRE_KEY_FAILURE. */
  readonly type?: string;
  /** A captcha is asked for; `submitRateLimitChallenge` wants this back. */
  readonly token?: string;
  readonly retryAfterSeconds?: number;
}

export interface WireListedContact {
  readonly number?: string;
  readonly uuid?: string;
}
