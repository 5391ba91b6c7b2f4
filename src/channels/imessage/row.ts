/** A row of Messages' own database, in our words: what both ways to it have in common. */
export interface Row {
  /** Rises with every row of this Mac's database. */
  readonly rowid: number;
  /** Names the message everywhere. */
  readonly guid: string;
  /** The chat's guid, such as `iMessage;-;+15551234567` or `iMessage;+;chat123`. */
  readonly chat: string;
  /** As Messages has it; empty for our own rows. */
  readonly handle: string;
  /** It came by SMS or RCS, where anybody can put any number. */
  readonly sms: boolean;
  readonly name?: string | undefined;
  readonly fromMe: boolean;
  /** Milliseconds. */
  readonly at: number;
  readonly text: string;
  readonly files: readonly RowFile[];
  /** Guid of the message that this one answers. */
  readonly replyTo?: string | undefined;
  /** A tapback on another message. */
  readonly tapback?: { readonly target: string; readonly emoji: string; readonly removed: boolean } | undefined;
  /** When it was last changed, milliseconds. */
  readonly edited?: number | undefined;
  readonly unsent?: boolean | undefined;
  /** A note about the group, nobody's words. */
  readonly note?: boolean | undefined;
}

export interface RowFile {
  /** The way's own handle. */
  readonly ref: string;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly size?: number | undefined;
  readonly sticker?: boolean | undefined;
}

/** The six tapbacks that every device knows. */
export const TAPBACKS: Readonly<Record<string, string>> = { love: "❤️", like: "👍", dislike: "👎", laugh: "😂", emphasize: "‼️", question: "❓" };

/** @returns the tapback that an emoji stands for. */
export function tapbackOf(emoji: string): string | undefined {
  const plain = emoji.replaceAll("\uFE0F", "");
  return Object.keys(TAPBACKS).find((name) => TAPBACKS[name]!.replaceAll("\uFE0F", "") === plain);
}

/** A target is told with the part of the message that it is about: `p:0/GUID` or `bp:GUID`. */
export function targetGuid(associated: string): string {
  return associated.replace(/^(p:\d+\/|bp:)/, "");
}

/** `SERVICE;+;ID` is a group, `SERVICE;-;HANDLE` is two people. */
export function isGroup(chat: string): boolean {
  return chat.includes(";+;");
}
