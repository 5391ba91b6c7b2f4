/** What Teams sends (Bot Framework activity schema; learn.microsoft.com, "Messages in bot conversations"), as far as it is read here. Every field may be missing. */

export interface WireAccount {
  readonly id?: string;
  readonly name?: string;
  /** Object id of the person in Microsoft Entra ID; bots and anonymous guests have none. */
  readonly aadObjectId?: string;
  readonly role?: string;
}

export interface WireAttachment {
  readonly contentType?: string;
  readonly contentUrl?: string;
  readonly name?: string;
  readonly content?: unknown;
}

export interface WireEntity {
  readonly type?: string;
  readonly mentioned?: WireAccount;
  readonly text?: string;
}

export interface WireActivity {
  readonly type: string;
  readonly id?: string;
  /** ISO 8601, UTC. */
  readonly timestamp?: string;
  readonly channelId?: string;
  readonly serviceUrl?: string;
  readonly from?: WireAccount;
  readonly recipient?: WireAccount;
  readonly conversation?: { readonly id?: string; readonly conversationType?: string; readonly tenantId?: string; readonly isGroup?: boolean };
  readonly text?: string;
  readonly attachments?: readonly WireAttachment[];
  readonly entities?: readonly WireEntity[];
  readonly replyToId?: string;
  readonly channelData?: { readonly tenant?: { readonly id?: string }; readonly eventType?: string };
  readonly membersAdded?: readonly WireAccount[];
  readonly membersRemoved?: readonly WireAccount[];
  readonly reactionsAdded?: readonly { readonly type?: string }[];
  readonly reactionsRemoved?: readonly { readonly type?: string }[];
  /** Of an installationUpdate: `add`, `remove`, `add-upgrade`, `remove-upgrade`. */
  readonly action?: string;
  /** Of an invoke: which one. */
  readonly name?: string;
  readonly value?: unknown;
}

/** The value of the invoke `fileConsent/invoke`. */
export interface WireFileConsent {
  readonly type?: string;
  readonly action?: string;
  readonly context?: { readonly blob?: unknown; readonly proof?: unknown; readonly name?: unknown };
  readonly uploadInfo?: {
    readonly contentUrl?: string;
    readonly name?: string;
    readonly uploadUrl?: string;
    readonly uniqueId?: string;
    readonly fileType?: string;
  };
}

export const CONSENT_CARD = "application/vnd.microsoft.teams.card.file.consent";
export const FILE_CARD = "application/vnd.microsoft.teams.card.file.info";
export const DOWNLOAD_INFO = "application/vnd.microsoft.teams.file.download.info";
export const ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive";
