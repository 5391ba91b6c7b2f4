import type { Address } from "./address.ts";
import type { Label } from "./label.ts";
import type { Message } from "./message.ts";
import type { PrincipalClass } from "./principal.ts";

/** Who did it, as the platform says. Only `id` is ever used to decide anything; names can be forged. */
export interface Sender {
  /** Stable platform id. */
  readonly id: string;
  readonly name?: string;
  readonly username?: string;
  readonly bot?: boolean;
}

interface UpdateBase {
  /** Names the fact on its account, the same by poll, webhook and gap fill: `msg:CHAT:ID`, `edit:CHAT:ID:DATE`, `press:ID`. */
  readonly key: string;
  readonly address: Address;
  readonly sender: Sender;
  /** True in a one-to-one chat. */
  readonly direct: boolean;
  /** Milliseconds since the epoch, by the platform's clock. */
  readonly at: number;
  /** Set by our own gateway only, for callers it has authenticated. */
  readonly authenticated?: {
    readonly person: string;
    readonly class: PrincipalClass;
    /** The caller's credential may answer approvals and let people in. */
    readonly approves?: boolean;
  };
}

/** What an authenticated caller of /ws or HTTP may ask for beside the text. Channels never set it. */
export interface SendOptions {
  /** Session key or id; default: the key that the scope gives. */
  readonly session?: string;
  readonly agent?: string;
  /** `provider:model` for this turn alone. */
  readonly model?: string;
  readonly thinking?: Thinking;
  /** Below the agent's own system prompt, for this turn alone. */
  readonly system?: string;
  /** Most tokens of this turn; never more than the agent's own limit. */
  readonly maxTurnTokens?: number;
  /** Set by the hall alone: the turn works for another one. */
  readonly task?: TaskOrigin;
  /** Set by the hall alone: a job speaks, nobody has written just now. */
  readonly job?: true;
  /** SHA-256 of the canonical request; the same key with another digest is a conflict. */
  readonly digest?: string;
}

/** What a sub-agent's turn may, and for whom it works. */
export interface TaskOrigin {
  readonly id: string;
  /** 1 = made by a turn that is no sub-agent's. */
  readonly depth: number;
  /** Ids of the session that waits for it, and of the one that a person talks in. */
  readonly parent: string;
  readonly root: string;
  /** Names of the tools it may use: a part of those of the turn that made it (sec-61). */
  readonly tools: readonly string[];
  readonly maxSteps: number;
}

export type Thinking = "off" | "low" | "medium" | "high";

/** What a job says of itself. Set by src/jobs only. */
export interface JobOrigin {
  readonly id: string;
  /** What its maker was when it was made; they may be less by now, and then the job is less too. */
  readonly class: PrincipalClass;
  /** Of the context in which it was made; joined to that of its principal. */
  readonly label: Label;
  /** Where the answer goes, if not to the update's own address. */
  readonly answerTo?: Address;
  /** A plain reminder: the text is delivered, nobody answers it. */
  readonly reminder?: boolean;
}

export interface MessageUpdate extends UpdateBase {
  readonly type: "message";
  /** Platform id of the message. */
  readonly messageId: string;
  readonly message: Message;
  /** In a group: the assistant was mentioned, answered or commanded. Always true in direct chats. */
  readonly addressed: boolean;
  readonly options?: SendOptions;
  readonly job?: JobOrigin;
  /** What a command was answered with: kept with it by receive, so that a repetition hears the same and does nothing again. */
  readonly commandReply?: string;
}

export type Update =
  | MessageUpdate
  | (UpdateBase & { readonly type: "edit"; readonly messageId: string; readonly message: Message })
  | (UpdateBase & { readonly type: "deletion"; readonly messageId: string })
  | (UpdateBase & { readonly type: "reaction"; readonly messageId: string; readonly emoji: string; readonly removed: boolean })
  | (UpdateBase & { readonly type: "press"; readonly messageId: string; readonly data: string })
  | (UpdateBase & { readonly type: "vote"; readonly pollId: string; readonly options: readonly string[] })
  | (UpdateBase & { readonly type: "membership"; readonly change: "joined" | "left" });

/** Where a channel account has read up to; committed in the same transaction as the rows it covers (P1). */
export interface Cursor {
  readonly channel: string;
  readonly account: string;
  readonly name: string;
  readonly value: string;
}
