/** What the adapter and its child say to each other, one JSON object a line. Both are of one version: the child is started from the same build. */

/** Somebody did something, as the child has read it from WhatsApp. Ids of people and chats are those of WhatsApp (`4917...@s.whatsapp.net`, `123@lid`, `120...@g.us`). */
export interface Fact {
  readonly kind: "message" | "edit" | "deletion" | "reaction";
  readonly id: string;
  readonly chat: string;
  /** The same chat by its other id, where WhatsApp tells it. */
  readonly chatAlt?: string;
  readonly group: boolean;
  readonly sender: string;
  readonly senderAlt?: string;
  readonly name?: string;
  /** Milliseconds. */
  readonly at: number;
  /** The message that it is about: an edit, a deletion, a reaction. */
  readonly target?: TargetKey;
  readonly emoji?: string;
  readonly content?: FactContent;
}

/** Names a message of WhatsApp. */
export interface TargetKey {
  readonly id: string;
  readonly fromMe: boolean;
  /** In a group: who wrote it. */
  readonly participant?: string;
}

export interface FactContent {
  readonly text?: string;
  readonly media?: {
    readonly kind: "photo" | "document" | "voice" | "audio" | "video" | "sticker";
    readonly type?: string;
    readonly name?: string;
    readonly size?: number;
    readonly duration?: number;
    /** What fetches it, opaque to the adapter. */
    readonly ref: string;
  };
  readonly location?: { readonly latitude: number; readonly longitude: number; readonly name?: string };
  readonly contacts?: readonly { readonly name: string; readonly phone?: string }[];
  readonly poll?: { readonly question: string; readonly options: readonly string[] };
  readonly mentions?: readonly string[];
  readonly quoted?: { readonly id: string; readonly participant?: string; readonly text?: string };
}

export type ToChild =
  /** First of all: keys of the session as they were kept. */
  | { readonly type: "open"; readonly folders: readonly string[]; readonly keys: Readonly<Record<string, string>> }
  /** @property phone asks for a code instead of a QR code, when there is no session yet */
  | { readonly type: "connect"; readonly phone?: string }
  | { readonly type: "call"; readonly id: number; readonly method: CallMethod; readonly params: Readonly<Record<string, unknown>> }
  | { readonly type: "kept"; readonly id: number; readonly ok: boolean };

export type CallMethod = "send" | "edit" | "delete" | "react" | "poll" | "typing" | "read" | "download" | "alive" | "logout";

export type FromChild =
  | { readonly type: "missing"; readonly folders: readonly string[] }
  | { readonly type: "opened"; readonly version: string; readonly linked: boolean }
  | { readonly type: "qr"; readonly text: string }
  | { readonly type: "code"; readonly code: string }
  | { readonly type: "connected"; readonly me: { readonly id: string; readonly lid?: string; readonly name?: string } }
  | { readonly type: "disconnected"; readonly reason?: number; readonly message: string }
  | { readonly type: "fact"; readonly fact: Fact }
  | { readonly type: "keep"; readonly id: number; readonly changes: Readonly<Record<string, string | null>> }
  | { readonly type: "answer"; readonly id: number; readonly result?: unknown; readonly error?: CallError }
  | { readonly type: "fatal"; readonly message: string };

export interface CallError {
  /** `refused`: WhatsApp said no. `doubt`: it was handed over and nothing came back. `invalid`: it could not even be made. `away`: there is no connection. */
  readonly kind: "refused" | "doubt" | "invalid" | "away";
  readonly message: string;
  readonly code?: number;
}

/** Names entries: what was received and is not in the inbox yet. Keys of the session stand under other names. */
export const FACT_PREFIX = "fact:";
