import type { Address } from "./address.ts";
import type { BlobInfo } from "./blobs.ts";
import type { Receipt, RenderedPart } from "./channel.ts";
import type { Device } from "./device.ts";
import type { Entry, NewEntry, ToolCallPart } from "./entry.ts";
import type { Job, JobRun } from "./job.ts";
import type { Label } from "./label.ts";
import type { Memory, Sight } from "./memory.ts";
import type { Message } from "./message.ts";
import type { Usage } from "./model.ts";
import type { Principal } from "./principal.ts";
import type {
  Approval,
  ApprovalScope,
  ApprovalStatus,
  AuditCheckpoint,
  AuditEvent,
  AuditRecord,
  Delivery,
  DeliveryPart,
  Fence,
  InboxItem,
  Pairing,
  Session,
  SessionSettings,
  SubAgent,
  Summary,
  ToolCallRecord,
  Turn,
  TurnStatus,
} from "./records.ts";
import type { Cursor, SendOptions, Update } from "./update.ts";

/**
 * The store port: a list of whole named operations, each one transaction that takes ids and times as arguments, so that it may be run again.
 * What must stay true: an operation that takes a Fence fails with StoreError `lease_lost` and changes nothing when the lease has moved;
 * an answer of a `full` operation means that its change is on disk.
 */
export type Store = { readonly [K in keyof Operations]: (input: Operations[K]["input"]) => Promise<Operations[K]["output"]> } & {
  /** What was deleted leaves no bytes behind in the files of the database. Takes as long as a copy of it; what comes meanwhile waits. */
  scrub(): Promise<void>;
  /** Finishes what is queued, then closes. */
  close(): Promise<void>;
};

type Operation<I, O> = { input: I; output: O };

/** A session as `acceptUpdates` makes it when its key has no current one. */
export interface NewSession {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
}

/** When a message ends the current session of its key and starts the successor; either is enough. Wall milliseconds. */
export interface ResetWhen {
  /** It was begun before this. */
  readonly begunBefore?: number;
  /** Nobody has said anything in it since this. */
  readonly silentSince?: number;
}

interface AcceptBase {
  readonly channel: string;
  readonly account: string;
  /** Update key; unique per (channel, account). */
  readonly key: string;
  readonly update: Update;
}

/**
 * `turn`: starts or joins a turn, by `queueMode`:
 *   queue      a new queued turn;
 *   batch      joins the session's newest queued, never started turn of the same principal and moves its notBefore to `notBefore`, else a new turn with it;
 *   immediate  joins the running turn of the same principal as steering (taken by takeSteering or moved by commitTurn), else as queue;
 *   interrupt  a new queued turn; the output names the running turn of the same principal to stop (`interrupts`), and queued, never started turns of the same
 *              principal become cancelled, superseded by it, their messages joined to it.
 * `claim`: when the lane is idle, nothing older is queued and notBefore has passed, the turn is started in the same commit exactly as `startTurn` would.
 * `context`: kept with the session (newest 50 unprocessed), becomes entries when its next turn starts.
 * `reset` (turn and context): a current session with entries that is over by it ends in the same commit and `session` succeeds it as by resetSession, unless the update
 *   was seen before.
 * `edit`: replaces the text of a message that no turn has started on; otherwise it is kept as context. `deletion`: a message that no turn has started on is never
 * shown to one, and its text is not kept; a queued turn that has no other message is cancelled. One that a turn has seen: the entry is kept as context; one that was never seen
 * here: only remembered as seen. `record`: only remembered as seen.
 * `refused`: nothing is kept but, once per sender (at most 1,000 senders per account), the notice as a delivery.
 */
export type AcceptItem =
  | (AcceptBase & {
      readonly kind: "turn" | "context" | "edit" | "deletion" | "record";
      readonly messageId: string;
      readonly turnId: string;
      readonly session: NewSession;
      readonly reset?: ResetWhen;
      readonly principal: Principal;
      readonly label: Label;
      readonly queueMode: "queue" | "immediate" | "batch" | "interrupt";
      readonly notBefore: number;
      readonly claim: boolean;
      readonly address: Address;
      readonly replyTo?: string;
      readonly options: SendOptions;
      /** The update as a transcript entry, appended when its turn starts. */
      readonly entry?: NewEntry;
      /** With `record`: the answer to a command, put into the outbox by the same commit. */
      readonly reply?: NewDelivery;
    })
  | (AcceptBase & {
      readonly kind: "refused";
      readonly senderId: string;
      /** Told once per sender; with `pairing`: sent with its code, as often as a code may be given. */
      readonly notice?: NewDelivery;
      /** Kept and told unless the sender has a code that still holds, has had three within a day, or three are pending on the account. */
      readonly pairing?: NewPairing;
    });

/** A note of the house about a message that was sent from elsewhere. */
export interface DeliveryNote extends Pick<NewEntry, "principal" | "label" | "tokens"> {
  readonly text: string;
  /** Key of the session that is told, wherever its people are. */
  readonly session?: string;
}

export interface NewPairing {
  readonly id: string;
  /** SHA-256 of the code: the code itself is never stored. */
  readonly codeHash: string;
  readonly name?: string;
  readonly address: Address;
  readonly expiresAt: number;
}

/** An ask as the hall puts it; the store adds what it knows. */
export type NewApproval = Omit<Approval, "status" | "sessionKey" | "scope" | "answeredBy" | "answeredAt" | "detached" | "toldAt">;

export type AcceptOutput =
  | {
      readonly kind: "duplicate";
      readonly messageId?: string;
      readonly turnId?: string;
      readonly sessionId?: string;
      readonly sessionKey?: string;
      readonly digest?: string;
    }
  | { readonly kind: "refused"; readonly told: boolean }
  | {
      readonly kind: "accepted";
      readonly messageId: string;
      readonly session: Session;
      readonly turnId?: string;
      readonly joined: boolean;
      /** Set when the idle lane was claimed with it: the caller must run this turn. */
      readonly started?: StartedTurn;
      /** Running turn to stop (queue mode interrupt). */
      readonly interrupts?: string;
      /** The session that ended with it (`reset`). */
      readonly ended?: string;
      /** The queued turn that a deletion has left without a message. */
      readonly cancelled?: string;
    };

export interface NewDelivery {
  readonly id: string;
  readonly address: Address;
  readonly replyTo?: string;
  readonly parts: readonly RenderedPart[];
  readonly sessionId?: string;
  readonly turnId?: string;
  readonly expiresAt: number;
}

/** A turn that its caller now holds the lane for. */
export interface StartedTurn {
  readonly turn: Turn;
  readonly session: Session;
  readonly fence: Fence;
  /** True when it had been started before and was not finished (crash, retry, outage): look at its calls and draft. */
  readonly resumed: boolean;
  /** What the start has appended to the transcript, in order. */
  readonly entries: readonly Entry[];
}

export interface Operations {
  /**
   * Raises and answers the boot number of this store. Leases whose owner is `INSTANCE.*` are given up at once: they belong to an earlier, dead process of
   * this home (one daemon per home). full.
   */
  boot: Operation<{ now: number; instance?: string }, { boot: number }>;

  // --- Inbox
  /** Step 1 of the hall, one commit for all rows and the cursor. full. */
  acceptUpdates: Operation<{ items: readonly AcceptItem[]; cursor?: Cursor; now: number; owner: string; leaseMs: number }, AcceptOutput[]>;
  /** Person of a channel identity, if it was ever seen. read. */
  findPerson: Operation<{ channel: string; account: string; senderId: string }, { personId: string } | undefined>;
  /** Remembers an identity as a new person unless it is known; answers the person it has. full. */
  addPerson: Operation<{ channel: string; account: string; senderId: string; name?: string; personId: string; now: number }, { personId: string }>;
  /** What is kept of one person, kind by kind; `after` pages. read. */
  exportPerson: Operation<
    { person: string; kind: "identity" | "pairing" | "message" | "entry" | "delivery" | "memory" | "job" | "approval"; after?: string; limit: number },
    { records: Record<string, unknown>[]; after?: string }
  >;
  /**
   * Forgets a person: conversations that were theirs alone go whole; in others what they said, and what was answered and done for them, is replaced by a note. What is left are
   * numbers that name nobody, and the audit, which cannot be changed and holds no words.
   * @throws StoreError `person_busy` while a turn of theirs has not ended.
   */
  purgePerson: Operation<
    { person: string },
    { removedSessions: string[]; changedSessions: string[]; identities: number; memories: number; jobs: number; files: number }
  >;
  getCursor: Operation<{ channel: string; account: string; name: string }, string | undefined>;
  /** By its id, or by the key of its update on its account. read. */
  getInboxItem: Operation<{ id: string } | { channel: string; account: string; key: string }, InboxItem | undefined>;
  /** Inbox items by session, newest last. read. */
  listInbox: Operation<{ sessionId?: string; limit: number }, InboxItem[]>;

  // --- Turns and lanes
  /**
   * Claims the lane of a session (free, expired, or already `owner`'s with `held` set) and starts its next turn: an unfinished running one first, else the
   * oldest queued one whose notBefore has passed. Pending context and the turn's own messages become entries in arrival order. attempts + 1. Nothing due or
   * lane held by another: undefined (and the lane is left free if it was). full.
   */
  startTurn: Operation<{ sessionId: string; owner: string; now: number; leaseMs: number; held?: Fence }, StartedTurn | undefined>;
  /** Sessions whose lane is free or expired and that have a turn due by `now` (queued and due, or running with an expired lease). `abandoned`: how often a turn was started that a dead process left running; 0 = none was. read. */
  dueLanes: Operation<{ now: number; limit: number }, { sessionId: string; notBefore: number; abandoned: number }[]>;
  /** Earliest future notBefore of a queued turn. read. */
  nextDue: Operation<{ now: number }, number | undefined>;
  /**
   * A finished model step that asked for tools: the assistant entry and a ledger line `planned` per call, in one commit; usage is added to the turn and to the
   * usage table under `model`. full.
   */
  commitStep: Operation<
    {
      fence: Fence;
      turnId: string;
      entry: NewEntry;
      calls: readonly (ToolCallPart & { idempotent: boolean })[];
      usage: Usage;
      model: string;
      /** Our own estimate of the prompt that `usage` tells about, tokens: what estimates are calibrated by. */
      estimate?: number;
      now: number;
    },
    { number: number; step: number }
  >;
  /** Steering messages that wait for this running turn become entries. Call between steps only, when every call has its result. full. */
  takeSteering: Operation<{ fence: Fence; turnId: string; now: number }, Entry[]>;
  /**
   * planned -> started, before a call that is not idempotent or has effects runs; with the intent in the audit. `approval`: is used up by it (compare and swap: approved,
   * not expired, this call, this digest; else StoreError `approval_spent` and nothing is changed). A call that was closed while it waited is started by its approval
   * alone. full.
   */
  startCall: Operation<{ fence: Fence; callId: string; approval?: { id: string; digest: string }; audit?: AuditEvent; now: number }, void>;
  /**
   * planned or started -> finished (or interrupted), with its result as an entry. The turn's label is joined with the entry's. full.
   */
  finishCall: Operation<
    { fence: Fence; callId: string; status: "finished" | "interrupted"; entry: NewEntry; audit?: AuditEvent; now: number },
    { number: number }
  >;
  listCalls: Operation<{ turnId: string }, ToolCallRecord[]>;
  /**
   * The last commit of a run: entries (answer), deliveries, usage, inbox done. A draft delivery of the turn becomes the final delivery named in `deliveries` by the
   * same id: its part 0 keeps its receipt and gets the new text as `queued`, further parts are added; a draft that is in no delivery is cancelled.
   * Steering messages that were not taken become a new queued turn (`moved`). With `next`, the lane is kept and the next due turn is started as by startTurn;
   * otherwise, or when there is none, the lane is released. full.
   */
  commitTurn: Operation<
    {
      fence: Fence;
      turnId: string;
      outcome: "done" | "failed" | "cancelled";
      error?: Turn["error"];
      supersededBy?: string;
      entries: readonly NewEntry[];
      deliveries: readonly NewDelivery[];
      usage: Usage;
      /** As for commitStep. */
      estimate?: number;
      contextStart?: number;
      /** Id for the turn of moved messages. */
      movedTurnId: string;
      next: boolean;
      now: number;
      leaseMs: number;
    },
    { answerEntry?: number; moved: { messageId: string; turnId: string }[]; next?: StartedTurn }
  >;
  /**
   * Gives the lane back with the turn unfinished: it stays first in its session until `notBefore`. `outage`: its start is no attempt (P6), outageSince is kept or
   * set, `notice` is stored only once per outage, and a draft is given up: what was shown stays, the answer will be a message of its own. `handover` (graceful stop): its start is no attempt either and the outage fields stay as they are. full.
   */
  postponeTurn: Operation<
    { fence: Fence; turnId: string; notBefore: number; outage: boolean; handover?: boolean; notice?: NewDelivery; error?: Turn["error"]; now: number },
    { told: boolean }
  >;
  /**
   * The end of a run that has asked the owner: the turn waits, without lease and without timer, until its last pending approval is settled; its start is no attempt. What
   * it has said so far is delivered now (a draft becomes final as in commitTurn). When every approval is settled already it is queued at once. The lane is handed on as
   * by commitTurn with `next`; messages that joined the turn and were not taken yet move as they do there, for nobody knows how long it waits. full.
   */
  suspendTurn: Operation<
    { fence: Fence; turnId: string; deliveries: readonly NewDelivery[]; movedTurnId: string; now: number; leaseMs: number },
    { waiting: boolean; moved: readonly { messageId: string; turnId: string }[]; next?: StartedTurn }
  >;
  /** Waiting turns (of a session, or one) are cancelled: their open calls get a result with `text`, their approvals are cancelled. full. */
  cancelWaiting: Operation<{ sessionId?: string; turnId?: string; text: string; audit?: AuditEvent; now: number }, { turnIds: string[] }>;
  /** A queued turn that no one has started becomes cancelled and its messages entries; running ones are not touched. full. */
  cancelQueued: Operation<{ sessionId: string; turnId?: string; now: number }, { turnIds: string[] }>;
  getTurn: Operation<{ id: string }, Turn | undefined>;
  /** The turn that a message is or was answered by. read. */
  turnOfMessage: Operation<{ messageId: string }, Turn | undefined>;
  listTurns: Operation<{ sessionId?: string; statuses?: readonly TurnStatus[]; limit: number }, Turn[]>;
  /** Moves the start of prompts forward. lazy. */
  moveContextStart: Operation<{ sessionId: string; contextStart: number }, void>;

  /**
   * One compaction, whole or not at all: moves the start of prompts and the end of shortened tool results forward, and puts in the summary that stands for what leaves.
   * False, and nothing changed, when the start is not `expectedStart` any more. full.
   */
  compactContext: Operation<
    { fence: Fence; sessionId: string; expectedStart: number; contextStart: number; trimmedTo: number; summary?: Omit<Summary, "sessionId">; now: number },
    boolean
  >;
  /** The newest summary of what stands before `before`. read. */
  getSummary: Operation<{ sessionId: string; before: number }, Summary | undefined>;

  // --- Sub-agents
  /**
   * Puts the child's session, its turn and its message in place of a planned call, in one commit. `known`: this call has one already. `full`: `most` of the root session
   * are at work. The call stays open; the turn waits for it as for an approval. full.
   */
  openSubAgent: Operation<
    {
      fence: Fence;
      subAgent: Pick<SubAgent, "id" | "turnId" | "callId" | "rootId" | "depth" | "childTurn" | "label" | "expiresAt">;
      item: Exclude<AcceptItem, { kind: "refused" }>;
      most: number;
      audit: AuditEvent;
      now: number;
    },
    { kind: "opened" | "known"; subAgent: SubAgent } | { kind: "full" }
  >;
  /** Oldest first. `working`: those whose own turn has not ended. read. */
  listSubAgents: Operation<{ sessionId?: string; turnId?: string; working?: boolean; limit: number }, SubAgent[]>;
  /**
   * Looks at those that are at work: one whose turn has ended or is gone is settled, one whose maker has ended is cancelled, one past its time has expired. Turns that
   * have nothing to wait for any more are queued. `stop`: sessions of children that nobody waits for and that still work. full.
   */
  settleSubAgents: Operation<{ now: number }, { settled: SubAgent[]; stop: string[] }>;
  /** The note about a detached one becomes an entry, once. full. @returns false when it stood there before. */
  tellSubAgent: Operation<{ fence: Fence; id: string; entry: NewEntry; now: number }, boolean>;

  // --- Approvals
  /**
   * Asks the owner about a planned call. `known`: this call has asked before. `granted`, `denied`: an earlier answer holds for the same plan (a grant for the session or
   * for always; a denial in this turn). `full`: three of the session are pending. Nothing is stored but what was `asked`. full.
   */
  openApproval: Operation<
    { fence: Fence; approval: NewApproval; audit: AuditEvent; now: number },
    { kind: "asked"; approval: Approval } | { kind: "known"; approval: Approval } | { kind: "granted"; grantId: string } | { kind: "denied" } | { kind: "full" }
  >;
  /**
   * The owner's answer (compare and swap: pending, not expired). `session` and `always` are remembered as grants; an ask that is not rememberable is answered once.
   * The turn is queued when it was its last pending one. The change and its audit are one commit. full.
   */
  answerApproval: Operation<
    { code?: string; id?: string; decision: ApprovalScope | "deny"; by: string; via: string; now: number },
    { kind: "answered"; approval: Approval } | { kind: "settled"; approval: Approval } | { kind: "unknown" }
  >;
  /** Pending ones past their time become expired, their turns are queued. full. */
  expireApprovals: Operation<{ now: number }, Approval[]>;
  getApproval: Operation<{ id?: string; code?: string }, Approval | undefined>;
  /** Newest first. read. */
  listApprovals: Operation<{ sessionId?: string; turnId?: string; statuses?: readonly ApprovalStatus[]; limit: number }, Approval[]>;
  /** The note about a detached approval becomes an entry, once. full. @returns false when it stood there before. */
  tellApproval: Operation<{ fence: Fence; id: string; entry: NewEntry; audit?: AuditEvent; now: number }, boolean>;
  /** The owner raises the label of named entries to their own, audited. full. @returns how many were raised. */
  endorseEntries: Operation<{ sessionId: string; from: number; to: number; label: Label; by: string; now: number }, number>;

  // --- Pairing
  /** A sender who was let in by a code. read. */
  isPaired: Operation<{ channel: string; account: string; senderId: string }, boolean>;
  /** Newest first; without those that expired. read. */
  listPairings: Operation<{ statuses?: readonly Pairing["status"][]; now: number; limit: number }, Pairing[]>;
  /**
   * Redeems a code once (compare and swap: pending, not expired, and of this account if one is named) or turns it down; `id` instead of a code takes back an approved
   * one. Five wrong codes within an hour refuse every further one, the right one included (sec-37). full.
   */
  answerPairing: Operation<
    { codeHash?: string; id?: string; channel?: string; account?: string; decision: "approve" | "deny"; by: string; now: number },
    /** `known`: this code was answered in the same way before, as when an update comes a second time; nothing has changed. */
    { kind: "answered" | "known"; pairing: Pairing } | { kind: "unknown" } | { kind: "locked"; until: number }
  >;

  // --- Audit
  /** For changes that are not the store's own; everything else is appended by the operation that makes the change. full. */
  appendAudit: Operation<{ event: AuditEvent; now: number }, { seq: number }>;
  /** Ascending. read. */
  readAudit: Operation<{ after?: number; before?: number; limit: number }, AuditRecord[]>;
  /** The newest record's number and hash; undefined while there is none. read. */
  auditHead: Operation<Record<string, never>, { seq: number; hash: string } | undefined>;
  /** full. */
  addCheckpoint: Operation<{ checkpoint: AuditCheckpoint }, void>;
  /** Ascending by seq. read. */
  listCheckpoints: Operation<Record<string, never>, AuditCheckpoint[]>;

  // --- Leases
  /** full. @returns undefined while another owner holds it. */
  claimLease: Operation<{ lease: string; owner: string; now: number; leaseMs: number }, Fence | undefined>;
  /** All leases of this owner at once; answers those that it still holds. lazy. */
  renewLeases: Operation<{ owner: string; now: number; leaseMs: number }, string[]>;
  releaseLease: Operation<{ fence: Fence }, void>;

  // --- Outbox
  /**
   * The streaming preview: a delivery `draft` with part 0 `sending`; sets the turn's draftId. False, and nothing changed, while something else is on its way to the same
   * place (conversation and thread): an open delivery or another draft. full.
   */
  openDraft: Operation<{ fence: Fence; delivery: NewDelivery; now: number }, boolean>;
  /** Receipt of the preview (part `draft`), or that it surely failed (the delivery goes and the turn has no draft any more). full. */
  settleDraft: Operation<{ deliveryId: string; receipt?: Receipt; now: number }, void>;
  /**
   * `note`: what the conversation learns of it. It becomes an entry of the session named in it, at once when its lane is idle, or else of whichever session goes on at the
   * delivery's address, before its next turn. full.
   */
  enqueueDelivery: Operation<{ delivery: NewDelivery; note?: DeliveryNote; now: number }, void>;
  /**
   * Open deliveries of an account that may be sent now: for each conversation only the oldest open one, in order. Waiting parts keep their conversation. The answer of a
   * turn waits while an earlier draft of another turn, which has not ended, stands at its place. read.
   */
  dueDeliveries: Operation<{ channel: string; account: string; now: number; limit: number }, Delivery[]>;
  /** Earliest future notBefore of an open part of the account. read. */
  nextDelivery: Operation<{ channel: string; account: string; now: number }, number | undefined>;
  /** Before the socket write. attempts + 1. full. */
  markSending: Operation<{ fence: Fence; deliveryId: string; part: number; now: number }, void>;
  /** After it: settles one part; the delivery's status follows when no part is open. `queued` with notBefore = surely not sent, try again then. full. */
  settlePart: Operation<
    {
      fence: Fence;
      deliveryId: string;
      part: number;
      status: "sent" | "failed" | "unknown" | "queued";
      receipt?: Receipt;
      error?: string;
      notBefore?: number;
      now: number;
    },
    { delivery: Delivery["status"] }
  >;
  /**
   * At the start of an account's holder: parts left `sending` by a dead process become `queued` when `resend` (idempotent platform, or the final edit of a part that has a
   * receipt), else `unknown`; drafts of ended turns likewise. Answers the changed deliveries. full.
   */
  recoverDeliveries: Operation<{ fence: Fence; channel: string; account: string; resend: boolean; now: number }, Delivery[]>;
  /** The earliest expiresAt of open deliveries and of pending approvals: before it there is nothing to expire. read. */
  nextExpiry: Operation<Record<string, never>, { delivery?: number; approval?: number }>;
  /** Open deliveries past expiresAt become failed. full. */
  expireDeliveries: Operation<{ now: number }, Delivery[]>;
  getDelivery: Operation<{ id: string }, Delivery | undefined>;
  listDeliveries: Operation<
    { channel?: string; account?: string; conversation?: string; sessionId?: string; turnId?: string; statuses?: readonly Delivery["status"][]; limit: number },
    Delivery[]
  >;

  // --- Sessions
  /** Current session of a key, or the session of an id. read. */
  getSession: Operation<{ key?: string; id?: string }, Session | undefined>;
  /** Newest activity first; `before` pages by updatedAt. Without `archived`, archived ones as well. read. */
  listSessions: Operation<{ agent?: string; ended?: boolean; archived?: boolean; before?: number; limit: number }, Session[]>;
  /** Current session of the key, made if there is none. full. */
  createSession: Operation<{ session: NewSession; settings?: SessionSettings; now: number }, { session: Session; created: boolean }>;
  /** Null clears a setting. full. */
  patchSession: Operation<{ id: string; settings: { [K in keyof SessionSettings]?: SessionSettings[K] | null }; now: number }, Session | undefined>;
  /** Ends the current session of the key and makes `session` its successor with the same settings; queued turns move to it. full. */
  resetSession: Operation<{ session: NewSession; now: number }, { session: Session; ended?: string }>;
  /** Puts a session away or takes it out again; the next message does the latter by itself. full. */
  archiveSession: Operation<{ id: string; archived: boolean; now: number }, Session | undefined>;
  /**
   * A new session whose transcript begins as a copy of `from` up to the entry `upTo`, with principals and labels; never inside a tool pair, so it may end earlier. Settings
   * are those of `from`, changed by `settings`. Undefined when there is no such session. full.
   */
  branchSession: Operation<{ from: string; upTo: number; session: NewSession; settings?: SessionSettings; now: number }, { session: Session } | undefined>;
  /** Everything of one session. Refused with StoreError `session_busy` while a turn of it is running or open deliveries are left. full. */
  deleteSession: Operation<{ id: string }, boolean>;
  /** Entries with number > after (or < before, newest ones), ascending. read. */
  readEntries: Operation<{ sessionId: string; after?: number; before?: number; limit: number }, Entry[]>;

  /** Makes entries searchable that are not yet, oldest sessions first; `limit` entries at the most. @returns how many; 0: all are. lazy. */
  indexEntries: Operation<{ limit: number }, number>;
  /** Entries that have all the words or their beginnings, the last indexed first; `before` pages by `seq`. Only what was indexed. read. */
  searchEntries: Operation<
    { sight: Sight; agent?: string; sessionId?: string; query: string; before?: number; limit: number },
    { seq: number; entry: Entry; session: Session }[]
  >;
  /**
   * One step of forgetting: of `limit` sessions behind `after` (by id), what was said and done before `before`, at most some hundred entries each, whole exchanges only;
   * ended and archived sessions go when nothing is left of them. A session with an unfinished turn or an open delivery is left alone. Keys of the inbox are kept, without
   * their text, from `keysFrom` on. `more`: a session has more to forget than one step takes. lazy.
   */
  forgetOld: Operation<
    { before: number; keysFrom: number; after?: string; limit: number; now: number },
    { entries: number; sessions: number; more: boolean; after?: string }
  >;
  /** Bytes of what is kept, by UTC day: first of the media, then of `limit` entries behind `after`. read. */
  measureKept: Operation<
    { after?: { sessionId: string; number: number }; limit: number },
    { days: { day: number; bytes: number }[]; after?: { sessionId: string; number: number } }
  >;
  /** Removes media of deleted and forgotten entries that no other entry and no waiting message has. @returns how many were looked at. lazy. */
  sweepBlobs: Operation<{ limit: number }, number>;

  /** Replaces the message of a user entry: its media are bytes now. full. */
  setEntryMessage: Operation<{ fence: Fence; sessionId: string; number: number; message: Message }, void>;

  // --- Devices
  /** Every device, oldest first. read. */
  listDevices: Operation<Record<string, never>, Device[]>;
  /**
   * A device asks to be paired, or for other scopes than it has; a later request of it takes the place of the earlier one. Requests past their expiry are
   * forgotten first. Undefined while `most` others wait. full.
   */
  requestDevice: Operation<
    {
      id: string;
      publicKey: string;
      name: string;
      platform: string;
      request: { id: string; scopes: readonly string[]; expiresAt: number };
      most: number;
      now: number;
    },
    Device | undefined
  >;
  /** Answers exactly this request: the device is active with `scopes`, without a token, its epoch + 1. Undefined when there is no such request (any more). full. */
  approveDevice: Operation<{ requestId: string; scopes: readonly string[]; now: number }, Device | undefined>;
  /** The request goes; a device that was never approved goes with it. full. */
  rejectDevice: Operation<{ requestId: string }, { id: string } | undefined>;
  /**
   * A new token for an active device, null for none. Undefined, and nothing changed, when its epoch or (unless left out) its token is not the `known` one any
   * more. `rotate`: everything it was let in with before is void (epoch + 1). full.
   */
  setDeviceToken: Operation<{ id: string; epoch: number; known?: string | null; tokenDigest: string | null; rotate: boolean }, Device | undefined>;
  /** No scopes, no token, no request, epoch + 1. Undefined when there is no such device. full. */
  revokeDevice: Operation<{ id: string }, Device | undefined>;
  // --- Memories
  /** `known`: the same text of the same person was there already. `full`: the agent remembers as much as it may. full. */
  saveMemory: Operation<{ memory: Memory }, "saved" | "known" | "full">;
  /** Best match first: by words and their beginnings, then by likeness of spelling. read. */
  searchMemories: Operation<{ agent: string; sight: Sight; query: string; limit: number }, Memory[]>;
  /** Newest first; `before` pages by id. read. */
  listMemories: Operation<{ agent: string; sight: Sight; before?: string; limit: number }, Memory[]>;
  /** Of what the reader may see, in the order of `ids`. read. */
  getMemories: Operation<{ agent: string; sight: Sight; ids: readonly string[] }, Memory[]>;
  /** Memories of any agent that have no vector of this model and are no secret, newest first. read. */
  memoriesToEmbed: Operation<{ model: string; limit: number }, { id: string; text: string }[]>;
  /** Without `vector`: the model will never make one. lazy. */
  setMemoryVector: Operation<{ id: string; model: string; vector?: Uint8Array }, void>;
  /** Vectors of this model that the reader may see, newest memory first; `before` pages by id. read. */
  readMemoryVectors: Operation<{ agent: string; sight: Sight; model: string; before?: string; limit: number }, { id: string; vector: Uint8Array }[]>;
  /** With `person`, only one of theirs. full. @returns false when there is none that may be seen. */
  forgetMemory: Operation<{ id: string; agent: string; sight: Sight; person?: string }, boolean>;

  // --- Jobs
  /**
   * Puts a job in its place. `revision`: the one it was changed from, undefined for a new job. Undefined, and nothing changed, when it has another one by now or there
   * are `most` jobs already. full.
   */
  saveJob: Operation<{ job: Job; revision?: number; most: number }, Job | undefined>;
  getJob: Operation<{ id: string }, Job | undefined>;
  /** The next due first, those without a next slot last. read. */
  listJobs: Operation<{ person?: string; limit: number }, Job[]>;
  /** The job and its runs that have not begun; what has begun ends by itself. full. */
  removeJob: Operation<{ id: string; now: number }, boolean>;
  /**
   * Decides slots: moves the job's cursor and next slot, and adds the runs, in one commit. A run that is known already is not added again. False, and nothing changed,
   * when the job has another revision by now. full.
   */
  planJobRuns: Operation<
    {
      fence?: Fence;
      jobId: string;
      revision: number;
      cursor: number;
      nextSlot?: number;
      nextAt?: number;
      skipped: number;
      runs: readonly Pick<JobRun, "id" | "slot" | "trigger" | "notBefore">[];
      now: number;
    },
    boolean
  >;
  /**
   * What is to be done by `now`: jobs with a slot that is due and no open run; of each job without a running run the first due one, with its job; running runs whose
   * turn has ended or is gone, or that began before `overdue`; and the next wall time at which there will be something. read.
   */
  jobAgenda: Operation<
    { now: number; overdue: number; limit: number },
    { jobs: Job[]; due: { run: JobRun; job: Job }[]; ended: { run: JobRun; job?: Job; turn?: Turn }[]; running: number; next?: number }
  >;
  /** Jobs whose cursor is in the future, because the wall clock has gone back. read. */
  jobsAhead: Operation<{ now: number; limit: number }, Job[]>;
  /** A run was handed over. full. */
  startJobRun: Operation<{ fence: Fence; id: string; turnId?: string; sessionKey?: string; now: number }, boolean>;
  /**
   * A run is over, once: counts the job's failures (with `pauseAfter` of them in a row it is switched off), removes a job that deletes itself after its last run, and
   * forgets all but the newest `keep` runs of the job and runs of removed jobs that ended before `forgetBefore`. Undefined when it was over before. full.
   */
  finishJobRun: Operation<
    {
      fence: Fence;
      id: string;
      status: "done" | "failed" | "cancelled";
      error?: JobRun["error"];
      attempts?: number;
      keep: number;
      pauseAfter: number;
      forgetBefore: number;
      now: number;
    },
    { run: JobRun; paused: boolean; removed: boolean } | undefined
  >;
  /** Newest first. read. */
  listJobRuns: Operation<{ jobId?: string; person?: string; limit: number }, JobRun[]>;

  // --- The rest
  putBlob: Operation<{ id: string; bytes: Uint8Array; type: string; name?: string; sha256: string; now: number }, BlobInfo>;
  getBlob: Operation<{ id: string }, (BlobInfo & { bytes: Uint8Array }) | undefined>;
  /**
   * After a restore from a backup: what was under way then may have happened since, so it is not done again. Open turns end as `cancelled` with `text` for their open
   * calls and with their messages in the transcript; what was being delivered becomes `unknown`.
   */
  settleRestored: Operation<{ text: string; now: number }, { turns: number; deliveries: number }>;
  getSetting: Operation<{ name: string }, string | undefined>;
  setSetting: Operation<{ name: string; value: string | null }, void>;
  /** Tokens that were spent beside the steps of a turn (a summary). full. */
  spend: Operation<{ turnId: string; model: string; usage: Usage; estimate: number; now: number }, void>;
  /**
   * Sums by model within wall times, `from` included, `to` not; of a session with its sub-agents. `by`: and by the quarter of an hour (`key`: its beginning, wall
   * milliseconds), by session (its key) or by turn (its id), the newest first. read.
   */
  sumUsage: Operation<
    { from?: number; to?: number; sessionId?: string; turnId?: string; by?: "slot" | "session" | "turn"; limit: number },
    { key: string; model: string; turns: number; usage: Usage }[]
  >;
  /** What estimates have come to, against what the provider has counted, in the newest rows of a model that have an estimate. read. */
  usageEstimates: Operation<{ model: string; limit: number }, { estimated: number; counted: number }>;
  /** Sums by model since a wall time. read. */
  usageByModel: Operation<{ since: number; sessionId?: string }, { model: string; turns: number; usage: Usage }[]>;
  /** Rows per state, for metrics and status. read. */
  counts: Operation<
    Record<string, never>,
    {
      turns: Record<TurnStatus, number>;
      /** Messages that are in no transcript yet. */
      pendingMessages: number;
      openDeliveries: number;
      unknownDeliveries: number;
      failedDeliveries: number;
      sessions: number;
    }
  >;
}

/** How long an answer may take to be lost: `full` is on disk before the promise resolves; `lazy` may lose the newest ones at a power cut; `read` changes nothing. */
export const DURABILITY: { readonly [K in keyof Operations]: "full" | "lazy" | "read" } = {
  boot: "full",
  acceptUpdates: "full",
  findPerson: "read",
  addPerson: "full",
  exportPerson: "read",
  purgePerson: "full",
  getCursor: "read",
  getInboxItem: "read",
  listInbox: "read",
  startTurn: "full",
  dueLanes: "read",
  nextDue: "read",
  commitStep: "full",
  takeSteering: "full",
  startCall: "full",
  finishCall: "full",
  listCalls: "read",
  commitTurn: "full",
  postponeTurn: "full",
  suspendTurn: "full",
  cancelWaiting: "full",
  cancelQueued: "full",
  getTurn: "read",
  turnOfMessage: "read",
  listTurns: "read",
  moveContextStart: "lazy",
  compactContext: "full",
  getSummary: "read",
  openSubAgent: "full",
  listSubAgents: "read",
  settleSubAgents: "full",
  tellSubAgent: "full",
  openApproval: "full",
  answerApproval: "full",
  expireApprovals: "full",
  getApproval: "read",
  listApprovals: "read",
  tellApproval: "full",
  endorseEntries: "full",
  isPaired: "read",
  listPairings: "read",
  answerPairing: "full",
  appendAudit: "full",
  readAudit: "read",
  auditHead: "read",
  addCheckpoint: "full",
  listCheckpoints: "read",
  claimLease: "full",
  renewLeases: "lazy",
  releaseLease: "lazy",
  openDraft: "full",
  settleDraft: "full",
  enqueueDelivery: "full",
  dueDeliveries: "read",
  nextDelivery: "read",
  markSending: "full",
  settlePart: "full",
  recoverDeliveries: "full",
  nextExpiry: "read",
  expireDeliveries: "full",
  getDelivery: "read",
  listDeliveries: "read",
  getSession: "read",
  listSessions: "read",
  createSession: "full",
  patchSession: "full",
  resetSession: "full",
  deleteSession: "full",
  archiveSession: "full",
  branchSession: "full",
  readEntries: "read",
  indexEntries: "lazy",
  searchEntries: "read",
  forgetOld: "lazy",
  measureKept: "read",
  sweepBlobs: "lazy",
  setEntryMessage: "full",
  listDevices: "read",
  requestDevice: "full",
  approveDevice: "full",
  rejectDevice: "full",
  setDeviceToken: "full",
  revokeDevice: "full",
  saveJob: "full",
  getJob: "read",
  listJobs: "read",
  removeJob: "full",
  planJobRuns: "full",
  jobAgenda: "read",
  jobsAhead: "read",
  startJobRun: "full",
  finishJobRun: "full",
  listJobRuns: "read",
  saveMemory: "full",
  searchMemories: "read",
  getMemories: "read",
  memoriesToEmbed: "read",
  setMemoryVector: "lazy",
  readMemoryVectors: "read",
  listMemories: "read",
  forgetMemory: "full",
  putBlob: "full",
  getBlob: "read",
  settleRestored: "full",
  getSetting: "read",
  setSetting: "full",
  spend: "full",
  sumUsage: "read",
  usageEstimates: "read",
  usageByModel: "read",
  counts: "read",
};

export type { Delivery, DeliveryPart };
