import type { Address } from "./address.ts";
import type { Receipt, RenderedPart } from "./channel.ts";
import type { Label } from "./label.ts";
import type { Usage } from "./model.ts";
import type { Principal } from "./principal.ts";
import type { SendOptions, Thinking, Update } from "./update.ts";

/** One continuing conversation. Exactly one session per key is current; `/new` makes another one under the same key. */
export interface Session {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
  readonly settings: SessionSettings;
  /** Where proactive messages of this session go: the place of its last admitted message. */
  readonly address?: Address;
  /** Number of the newest entry; 0 = none. */
  readonly lastEntry: number;
  /** First entry that is put into prompts; moves forward only (agent/context). */
  readonly contextStart: number;
  /** Long tool results of entries up to this one are shown shortened; 0 = none. Moves forward only. */
  readonly trimmedTo: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Set when it is no longer the current one of its key. */
  readonly endedAt?: number;
  /** Put away: not listed by default; the next message takes it out again. */
  readonly archivedAt?: number;
}

export interface SessionSettings {
  readonly label?: string;
  readonly model?: string;
  readonly thinking?: Thinking;
}

export type TurnStatus = "queued" | "running" | "waiting" | "done" | "failed" | "cancelled";

/** One run of the agent: a row from the moment its first message is accepted. */
export interface Turn {
  readonly id: string;
  readonly sessionId: string;
  readonly sessionKey: string;
  readonly agent: string;
  readonly status: TurnStatus;
  readonly principal: Principal;
  readonly label: Label;
  /** Where the answer goes. */
  readonly address: Address;
  /** Platform id of the message to answer. */
  readonly replyTo?: string;
  readonly options: SendOptions;
  /** Starts of handling, committed before it begins (P6). An outage takes its start back. */
  readonly attempts: number;
  /** Committed model steps. */
  readonly steps: number;
  /** Not before this wall time (retry, outage, batch). */
  readonly notBefore: number;
  /** First time the present outage made it wait; unset when none does. */
  readonly outageSince?: number;
  /** Whether the session was told about the present outage. */
  readonly outageTold: boolean;
  /** Delivery whose first part is the streaming preview. */
  readonly draftId?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly usage: Usage;
  /** Newest entry of its final answer. */
  readonly answerEntry?: number;
  /** The turn that took over its messages (queue mode interrupt). */
  readonly supersededBy?: string;
  /** Newest entry when it began to wait for a person: what it had said until then was sent. */
  readonly saidEntry?: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
}

/** One admitted update as it stands in the inbox. `id` is the message id that clients see. */
export interface InboxItem {
  readonly id: string;
  readonly sessionId: string;
  readonly turnId?: string;
  readonly update: Update;
  readonly principal: Principal;
  readonly label: Label;
  readonly receivedAt: number;
}

/** What stands in prompts for the entries up to `toEntry`; the entries themselves stay in the transcript. */
export interface Summary {
  readonly sessionId: string;
  /** First entry that it covers, with those of the summary before it. */
  readonly fromEntry: number;
  readonly toEntry: number;
  readonly text: string;
  /** What the owner has laid down in the covered part, word for word. */
  readonly rules: readonly string[];
  /** Joined from all that it covers. */
  readonly label: Label;
  /** Estimated, as it stands in a prompt. */
  readonly tokens: number;
  readonly model: string;
  readonly at: number;
}

/** `open`: at work. `expired`: it took longer than it may. `cancelled`: the turn that wanted it was stopped, or it was. */
export type SubAgentStatus = "open" | "done" | "failed" | "expired" | "cancelled";

/** A task that a turn has handed to a turn of another session; its result becomes the result of the call. */
export interface SubAgent {
  readonly id: string;
  /** Where the call was made. */
  readonly sessionId: string;
  readonly turnId: string;
  readonly callId: string;
  /** The session that a person talks in: its budget pays. */
  readonly rootId: string;
  /** 1 = made by a turn that is no sub-agent's. */
  readonly depth: number;
  readonly childSession: string;
  readonly childTurn: string;
  readonly status: SubAgentStatus;
  /** The child's turn has not ended. */
  readonly working: boolean;
  readonly result?: string;
  /** Of the context in which it was made; with a result, also of that of the child. */
  readonly label: Label;
  readonly begunAt: number;
  readonly expiresAt: number;
  readonly endedAt?: number;
  /** Its call was closed by another message: the result arrives as a note of the house. */
  readonly detached: boolean;
  readonly toldAt?: number;
}

export type CallStatus = "planned" | "started" | "finished" | "interrupted";

/** A tool call's line in the ledger (P4). */
export interface ToolCallRecord {
  readonly id: string;
  readonly turnId: string;
  readonly sessionId: string;
  readonly step: number;
  readonly name: string;
  readonly args: unknown;
  readonly status: CallStatus;
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

export type PartStatus = "draft" | "queued" | "sending" | "sent" | "failed" | "unknown";

export interface DeliveryPart {
  readonly number: number;
  readonly rendered: RenderedPart;
  readonly status: PartStatus;
  readonly receipt?: Receipt;
  readonly attempts: number;
  readonly notBefore: number;
  readonly error?: string;
}

/**
 * One outbound message in the outbox. `open` until every part is sent, failed or unknown.
 * `draft`: the turn still runs and only the preview part exists.
 */
export interface Delivery {
  readonly id: string;
  readonly sessionId?: string;
  readonly turnId?: string;
  readonly address: Address;
  readonly replyTo?: string;
  readonly status: "draft" | "open" | "sent" | "failed" | "unknown" | "cancelled";
  readonly createdAt: number;
  /** Wall time after which it is given up with a notice. */
  readonly expiresAt: number;
  readonly parts: readonly DeliveryPart[];
}

/** A right to work, and the number that every write under it carries. */
export interface Fence {
  /** `lane:SESSION_ID`, `account:CHANNEL:ACCOUNT`, `jobs`. */
  readonly lease: string;
  readonly owner: string;
  readonly fence: number;
}

/** How long an approval holds: this call, this session, or always; for exactly the same plan in each case. */
export type ApprovalScope = "once" | "session" | "always";

/** `used`: its call was started, so it lets nothing more through. `cancelled`: the turn that asked was stopped. */
export type ApprovalStatus = "pending" | "approved" | "denied" | "expired" | "cancelled" | "used";

/** A question to the owner about one tool call, and its answer. */
export interface Approval {
  readonly id: string;
  /** What a person types; unique among those that are pending. */
  readonly code: string;
  readonly status: ApprovalStatus;
  readonly sessionId: string;
  readonly sessionKey: string;
  readonly turnId: string;
  readonly callId: string;
  readonly tool: string;
  /** Who asked: the answer continues the turn with this principal, never with the approver's. */
  readonly principal: Principal;
  readonly label: Label;
  /** Canonical JSON of the plan, and its SHA-256. */
  readonly plan: string;
  readonly digest: string;
  /** Digest of the plan without what makes this ask unlike any other (nonce, expiry): what "for this session" and "always" hold for. */
  readonly planKey: string;
  /** Why it was asked. */
  readonly reason: string;
  /** The plan as it was shown. */
  readonly text: string;
  readonly rememberable: boolean;
  /** Where it was shown: only there a button of it may be pressed. */
  readonly shownAt: readonly Address[];
  /** How it was answered. */
  readonly scope?: ApprovalScope;
  readonly answeredBy?: string;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly answeredAt?: number;
  /** Its call was closed by another message ("still waiting"): the answer arrives as a note of the house. */
  readonly detached: boolean;
  /** The note about a detached one stands in the transcript. */
  readonly toldAt?: number;
}

/** A stranger's question to be let in, bound to the account it came from. */
export interface Pairing {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly senderId: string;
  readonly name?: string;
  readonly address: Address;
  readonly status: "pending" | "approved" | "denied" | "expired";
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly answeredAt?: number;
}

/** What the audit is told: people by id, content by digest, so that a purge leaves the chain valid. */
export interface AuditEvent {
  /** Dotted: `tool.started`, `tool.finished`, `tool.denied`, `approval.asked`, `pairing.approved` ... */
  readonly kind: string;
  /** Person id of who did it; `system` for the house itself. */
  readonly actor: string;
  readonly session?: string;
  readonly turn?: string;
  /** Plain JSON without people's words: names of tools, codes, digests, rules. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface AuditRecord extends AuditEvent {
  /** From 1 without gaps. */
  readonly seq: number;
  readonly at: number;
  /** Hex; the hash of the record before is part of it. */
  readonly hash: string;
}

/** The end of the chain at some time, signed: a tail that is cut off afterwards is missed. */
export interface AuditCheckpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
  readonly signature: string;
}
