import type { Address } from "../address.ts";
import type { Receipt, RenderedPart } from "../channel.ts";
import type { NewEntry } from "../entry.ts";
import type { Delivery, Fence } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

export interface DeliveryNote extends Pick<NewEntry, "principal" | "label" | "tokens"> {
  readonly text: string;
  /** Key of the session that is told, wherever its people are. */
  readonly session?: string;
}

/** How ids of events for outgoing hooks begin: such a delivery is a copy, and what it says goes as soon as it is settled. */
export const EVENT_DELIVERY = "event:";

export interface NewDelivery {
  readonly id: string;
  readonly address: Address;
  readonly replyTo?: string;
  readonly parts: readonly RenderedPart[];
  readonly sessionId?: string;
  readonly turnId?: string;
  readonly expiresAt: number;
}

/** What goes out. */
export interface OutboxOperations {
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
}

export const OUTBOX_DURABILITY: Durabilities<OutboxOperations> = {
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
};
