import type { Entry, NewEntry, ToolCallPart } from "../entry.ts";
import type { Usage } from "../model.ts";
import type { AuditEvent, Fence, Session, Turn, TurnStatus } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";
import type { NewDelivery } from "./outbox.ts";

export interface StartedTurn {
  readonly turn: Turn;
  readonly session: Session;
  readonly fence: Fence;
  /** True when it had been started before and was not finished (crash, retry, outage): look at its calls and draft. */
  readonly resumed: boolean;
  /** What the start has appended to the transcript, in order. */
  readonly entries: readonly Entry[];
}

/** Turns, steps and the lanes they run in. */
export interface TurnsOperations {
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
}

export const TURNS_DURABILITY: Durabilities<TurnsOperations> = {
  startTurn: "full",
  dueLanes: "read",
  nextDue: "read",
  commitStep: "full",
  takeSteering: "full",
  commitTurn: "full",
  postponeTurn: "full",
  suspendTurn: "full",
  cancelWaiting: "full",
  cancelQueued: "full",
  getTurn: "read",
  turnOfMessage: "read",
  listTurns: "read",
};
