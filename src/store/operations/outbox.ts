import { StoreError } from "../../core/errors.ts";
import type { Delivery, Fence } from "../../core/records.ts";
import type { NewDelivery, Operations } from "../../core/store.ts";
import { guard, guardLane, leaseLost } from "./leases.ts";
import { keepNote, tellIfIdle } from "./notes.ts";
import { toDelivery, type DeliveryRow, type PartRow } from "./rows/delivery.ts";
import type { TurnRow } from "./rows/turn.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

const PART_COLUMNS = "number, text, payload, status, receipt, attempts, not_before, error";

export function* insertDelivery(delivery: NewDelivery, status: "draft" | "open", now: number): Steps<void> {
  yield* run(
    `INSERT INTO deliveries (id, session_id, turn_id, channel, account, conversation, thread, reply_to, status, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    delivery.id,
    delivery.sessionId ?? null,
    delivery.turnId ?? null,
    delivery.address.channel,
    delivery.address.account,
    delivery.address.conversation,
    delivery.address.thread ?? null,
    delivery.replyTo ?? null,
    delivery.parts.length === 0 ? "sent" : status,
    now,
    delivery.expiresAt,
  );
  yield* insertParts(delivery, 0, status === "draft" ? "sending" : "queued");
}

function* insertParts(delivery: NewDelivery, from: number, status: "sending" | "queued"): Steps<void> {
  for (let number = from; number < delivery.parts.length; number += 1) {
    const part = delivery.parts[number]!;
    yield* run(
      "INSERT INTO delivery_parts (delivery_id, number, text, payload, status, attempts, not_before) VALUES (?, ?, ?, ?, ?, ?, 0)",
      delivery.id,
      number,
      JSON.stringify(part.text),
      JSON.stringify(part.payload ?? null),
      status,
      status === "sending" ? 1 : 0,
    );
  }
}

export function* partsOf(deliveryId: string): Steps<PartRow[]> {
  return yield* all<PartRow>(`SELECT ${PART_COLUMNS} FROM delivery_parts WHERE delivery_id = ? ORDER BY number`, deliveryId);
}

export function* withParts(rows: readonly DeliveryRow[]): Steps<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const row of rows) deliveries.push(toDelivery(row, yield* partsOf(row.id)));
  return deliveries;
}

/** The turn's last commit: its drafts become final deliveries by their id, or are cancelled. */
export function* commitDeliveries(turn: TurnRow, deliveries: readonly NewDelivery[], now: number): Steps<void> {
  const drafts = turn.draft_id === null ? [] : yield* all<{ id: string }>("SELECT id FROM deliveries WHERE turn_id = ? AND status = 'draft'", turn.id);
  for (const delivery of deliveries) {
    const final = { sessionId: turn.session_id, turnId: turn.id, ...delivery };
    if (drafts.some((draft) => draft.id === delivery.id)) yield* finishDraft(final);
    else yield* insertDelivery(final, "open", now);
  }
  for (const draft of drafts) {
    if (!deliveries.some((delivery) => delivery.id === draft.id)) yield* run("UPDATE deliveries SET status = 'cancelled' WHERE id = ?", draft.id);
  }
}

function* finishDraft(delivery: NewDelivery): Steps<void> {
  const [first] = delivery.parts;
  yield* run(
    "UPDATE deliveries SET status = ?, reply_to = ?, expires_at = ? WHERE id = ?",
    first === undefined ? "cancelled" : "open",
    delivery.replyTo ?? null,
    delivery.expiresAt,
    delivery.id,
  );
  if (first === undefined) return;
  yield* run(
    "UPDATE delivery_parts SET text = ?, payload = ?, status = 'queued', attempts = 0, not_before = 0, error = NULL WHERE delivery_id = ? AND number = 0",
    JSON.stringify(first.text),
    JSON.stringify(first.payload ?? null),
    delivery.id,
  );
  yield* insertParts(delivery, 1, "queued");
}

export function* openDraft({ fence, delivery, now }: Input<"openDraft">): Steps<boolean> {
  const sessionId = yield* guardLane(fence);
  const { channel, account, conversation, thread = null } = delivery.address;
  const place = [channel, account, conversation, thread];
  const before = yield* one(
    `SELECT id FROM deliveries WHERE status = 'open' AND channel = ? AND account = ? AND conversation = ? AND thread IS NOT DISTINCT FROM ?
     UNION ALL SELECT id FROM deliveries WHERE status = 'draft' AND channel = ? AND account = ? AND conversation = ? AND thread IS NOT DISTINCT FROM ? LIMIT 1`,
    ...place,
    ...place,
  );
  if (before !== undefined) return false;
  yield* insertDelivery({ ...delivery, sessionId, parts: delivery.parts.slice(0, 1) }, "draft", now);
  yield* run("UPDATE turns SET draft_id = ? WHERE id = ? AND session_id = ?", delivery.id, delivery.turnId ?? null, sessionId);
  return true;
}

/**
 * A turn whose model is away, maybe for a day, keeps no preview: nobody may wait for it that long, and its answer is a message that is noticed, below what was said
 * meanwhile. What was shown stays.
 */
export function* giveUpDraft(turn: TurnRow): Steps<void> {
  if (turn.draft_id === null) return;
  yield* run("UPDATE deliveries SET status = 'cancelled' WHERE id = ? AND status = 'draft'", turn.draft_id);
  yield* run("UPDATE turns SET draft_id = NULL WHERE id = ?", turn.id);
}

/** The turn may have ended meanwhile: then the receipt makes the final send an edit, and a delivery that is no draft any more is never taken away. */
export function* settleDraft({ deliveryId, receipt }: Input<"settleDraft">): Steps<void> {
  if (receipt !== undefined) {
    const text = JSON.stringify(receipt);
    yield* run(
      "UPDATE delivery_parts SET status = 'draft' WHERE delivery_id = ? AND number = 0 AND delivery_id IN (SELECT id FROM deliveries WHERE id = ? AND status = 'draft')",
      deliveryId,
      deliveryId,
    );
    yield* run("UPDATE delivery_parts SET receipt = ? WHERE delivery_id = ? AND number = 0 AND status IN ('draft', 'queued')", text, deliveryId);
    return;
  }
  const draft = yield* one<{ turn_id: string | null }>("DELETE FROM deliveries WHERE id = ? AND status = 'draft' RETURNING turn_id", deliveryId);
  if (draft === undefined) return;
  yield* run("DELETE FROM delivery_parts WHERE delivery_id = ?", deliveryId);
  yield* run("UPDATE turns SET draft_id = NULL WHERE id = ? AND draft_id = ?", draft.turn_id, deliveryId);
}

export function* enqueueDelivery({ delivery, note, now }: Input<"enqueueDelivery">): Steps<void> {
  const known = yield* one("SELECT id FROM deliveries WHERE id = ?", delivery.id);
  if (known !== undefined) return;
  yield* insertDelivery(delivery, "open", now);
  if (note === undefined) return;
  yield* keepNote(delivery.id, note);
  if (note.session !== undefined) yield* tellIfIdle(note.session);
}

/** The answer of another turn would come between the parts of an earlier one whose preview stands there. Only the turn of a preview that is given up (`giveUpDraft`) may take long. */
const BEHIND_A_DRAFT = `EXISTS (SELECT 1 FROM deliveries draft JOIN turns t ON t.id = draft.turn_id WHERE draft.status = 'draft' AND draft.channel = o.channel
  AND draft.account = o.account AND draft.conversation = o.conversation AND draft.thread IS NOT DISTINCT FROM o.thread AND draft.seq < o.seq
  AND draft.turn_id <> o.turn_id AND t.ended_at IS NULL)`;

/** Order is per conversation: only its oldest open delivery is looked at, and of that one only the first open part. */
export function* dueDeliveries({ channel, account, now, limit }: Input<"dueDeliveries">): Steps<Delivery[]> {
  const rows = yield* all<DeliveryRow>(
    `SELECT d.* FROM (SELECT MIN(o.seq) AS first FROM deliveries o WHERE o.status = 'open' AND o.channel = ? AND o.account = ? AND NOT ${BEHIND_A_DRAFT} GROUP BY o.conversation) oldest
     JOIN deliveries d ON d.seq = oldest.first
     JOIN delivery_parts p ON p.delivery_id = d.id
       AND p.number = (SELECT MIN(q.number) FROM delivery_parts q WHERE q.delivery_id = d.id AND q.status IN ('queued', 'sending'))
     WHERE p.status = 'queued' AND p.not_before <= ? AND d.expires_at > ? ORDER BY d.seq LIMIT ?`,
    channel,
    account,
    now,
    now,
    limit,
  );
  return yield* withParts(rows);
}

export function* nextDelivery({ channel, account, now }: Input<"nextDelivery">): Steps<number | undefined> {
  const row = yield* one<{ at: number | null }>(
    `SELECT MIN(p.not_before) AS at FROM deliveries d JOIN delivery_parts p ON p.delivery_id = d.id
     WHERE d.status = 'open' AND d.channel = ? AND d.account = ? AND p.status = 'queued' AND p.not_before > ?`,
    channel,
    account,
    now,
  );
  return row?.at ?? undefined;
}

export function* getDelivery({ id }: Input<"getDelivery">): Steps<Delivery | undefined> {
  const row = yield* one<DeliveryRow>("SELECT * FROM deliveries WHERE id = ?", id);
  return row && toDelivery(row, yield* partsOf(id));
}

/** Newest first. */
export function* listDeliveries({ statuses, limit, ...filter }: Input<"listDeliveries">): Steps<Delivery[]> {
  const where = new Where()
    .when("channel = ?", filter.channel)
    .when("account = ?", filter.account)
    .when("conversation = ?", filter.conversation)
    .when("session_id = ?", filter.sessionId)
    .when("turn_id = ?", filter.turnId)
    .whenIn("status", statuses);
  // Said in the words of the index of open deliveries.
  if (statuses?.length === 1 && statuses[0] === "open") where.always("status = 'open'");
  return yield* withParts(yield* all<DeliveryRow>(`SELECT * FROM deliveries ${where.sql} ORDER BY seq DESC LIMIT ?`, ...where.params, limit));
}

/** The delivery, by the holder of its account's lease. @throws StoreError `lease_lost`, `no_delivery` */
export function* guardDelivery(fence: Fence, deliveryId: string): Steps<DeliveryRow> {
  yield* guard(fence);
  const row = yield* one<DeliveryRow>("SELECT * FROM deliveries WHERE id = ?", deliveryId);
  if (row === undefined) throw new StoreError("no_delivery", `delivery ${deliveryId} does not exist`, { hint: "It was deleted with its session." });
  if (fence.lease !== `account:${row.channel}:${row.account}`) throw leaseLost(fence);
  return row;
}
