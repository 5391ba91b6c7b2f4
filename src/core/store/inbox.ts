import type { Address } from "../address.ts";
import type { NewEntry } from "../entry.ts";
import type { Label } from "../label.ts";
import type { Principal } from "../principal.ts";
import type { InboxItem, Session } from "../records.ts";
import type { Cursor, SendOptions, Update } from "../update.ts";
import type { Durabilities, Operation } from "./operation.ts";
import type { NewDelivery } from "./outbox.ts";
import type { NewPairing } from "./pairings.ts";
import type { NewSession } from "./sessions.ts";
import type { StartedTurn } from "./turns.ts";

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

/** What comes in. */
export interface InboxOperations {
  /** Step 1 of the hall, one commit for all rows and the cursor. full. */
  acceptUpdates: Operation<{ items: readonly AcceptItem[]; cursor?: Cursor; now: number; owner: string; leaseMs: number }, AcceptOutput[]>;
  /** By its id, or by the key of its update on its account. read. */
  getInboxItem: Operation<{ id: string } | { channel: string; account: string; key: string }, InboxItem | undefined>;
  /** Inbox items by session, newest last. read. */
  listInbox: Operation<{ sessionId?: string; limit: number }, InboxItem[]>;
}

export const INBOX_DURABILITY: Durabilities<InboxOperations> = {
  acceptUpdates: "full",
  getInboxItem: "read",
  listInbox: "read",
};
