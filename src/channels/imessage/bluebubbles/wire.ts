/** What a BlueBubbles server sends (REST API v1; MessageSerializer and its kin), as far as it is read here. Every field may be missing or null: other versions. */

export interface WireMessage {
  readonly originalROWID?: number;
  readonly guid?: string;
  readonly text?: string | null;
  readonly handle?: { readonly address?: string; readonly service?: string } | null;
  readonly attachments?: readonly WireAttachment[] | null;
  readonly chats?: readonly { readonly guid?: string }[] | null;
  /** Milliseconds. */
  readonly dateCreated?: number | null;
  readonly dateEdited?: number | null;
  readonly dateRetracted?: number | null;
  readonly isFromMe?: boolean;
  /** 0 when it was sent well. */
  readonly error?: number | null;
  /** 0 is a message, the others are notes about the group. */
  readonly itemType?: number | null;
  /** `p:0/GUID` or `bp:GUID`. */
  readonly associatedMessageGuid?: string | null;
  /** `love`, `-love` ..., or a number for kinds that the server does not know. */
  readonly associatedMessageType?: string | null;
  readonly threadOriginatorGuid?: string | null;
  readonly partCount?: number | null;
  readonly messageSummaryInfo?: readonly { readonly retractedParts?: readonly number[] }[] | null;
}

export interface WireAttachment {
  readonly guid?: string;
  readonly mimeType?: string | null;
  readonly transferName?: string | null;
  readonly totalBytes?: number | null;
  readonly isSticker?: boolean;
  /** Such as the data of a link preview. */
  readonly hideAttachment?: boolean;
}

export interface WireServerInfo {
  readonly os_version?: string;
  readonly server_version?: string;
  readonly private_api?: boolean;
  readonly helper_connected?: boolean;
}
