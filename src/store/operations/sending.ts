import { StoreError } from "../../core/errors.ts";
import type { Delivery } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import { guard, leaseLost } from "./leases.ts";
import { guardDelivery, partsOf, withParts } from "./outbox.ts";
import type { DeliveryRow, PartRow } from "./rows/delivery.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** @throws StoreError `part_not_queued` */
export function* markSending({ fence, deliveryId, part }: Input<"markSending">): Steps<void> {
  const delivery = yield* guardDelivery(fence, deliveryId);
  const changed =
    delivery.status !== "open"
      ? 0
      : yield* run(
          "UPDATE delivery_parts SET status = 'sending', attempts = attempts + 1 WHERE delivery_id = ? AND number = ? AND status = 'queued'",
          deliveryId,
          part,
        );
  if (changed === 0)
    throw new StoreError("part_not_queued", `part ${part} of delivery ${deliveryId} may not be sent now`, { hint: "Read the delivery again." });
}

/** A part that is not open any more keeps what it is; settling it as the same again is allowed. @throws StoreError `part_settled` */
export function* settlePart(input: Input<"settlePart">): Steps<{ delivery: Delivery["status"] }> {
  const { fence, deliveryId, part, status } = input;
  const delivery = yield* guardDelivery(fence, deliveryId);
  const changed = yield* run(
    `UPDATE delivery_parts SET status = ?, receipt = COALESCE(?, receipt), error = ?, not_before = ?
     WHERE delivery_id = ? AND number = ? AND status IN ('queued', 'sending')`,
    status,
    input.receipt === undefined ? null : JSON.stringify(input.receipt),
    input.error ?? null,
    status === "queued" ? (input.notBefore ?? 0) : 0,
    deliveryId,
    part,
  );
  if (changed === 0) {
    const row = yield* one<PartRow>("SELECT status FROM delivery_parts WHERE delivery_id = ? AND number = ?", deliveryId, part);
    if (row?.status !== status) {
      throw new StoreError("part_settled", `part ${part} of delivery ${deliveryId} is ${row?.status ?? "unknown"}, not ${status}`, {
        hint: "Read the delivery again.",
      });
    }
  }
  return { delivery: yield* settleDelivery(delivery) };
}

/** A delivery whose every part is settled is what its worst part is; doubt is worse than failure, for it forbids sending again. */
function* settleDelivery(delivery: DeliveryRow): Steps<Delivery["status"]> {
  if (delivery.status !== "open") return delivery.status;
  const statuses = (yield* partsOf(delivery.id)).map((part) => part.status);
  if (statuses.some((status) => status === "queued" || status === "sending" || status === "draft")) return "open";
  const status = statuses.includes("unknown") ? "unknown" : statuses.includes("failed") ? "failed" : "sent";
  yield* run("UPDATE deliveries SET status = ? WHERE id = ?", status, delivery.id);
  return status;
}

/** A draft counts only when its turn has ended: a running one will say itself what becomes of its preview. */
export function* recoverDeliveries({ fence, channel, account, resend }: Input<"recoverDeliveries">): Steps<Delivery[]> {
  yield* guard(fence);
  if (fence.lease !== `account:${channel}:${account}`) throw leaseLost(fence);
  const sending = yield* all<DeliveryRow>(
    `SELECT d.* FROM deliveries d WHERE d.status = 'open' AND d.channel = ? AND d.account = ?
       AND EXISTS (SELECT 1 FROM delivery_parts p WHERE p.delivery_id = d.id AND p.status = 'sending') ORDER BY d.seq`,
    channel,
    account,
  );
  const drafts = yield* all<DeliveryRow>(
    `SELECT d.* FROM deliveries d WHERE d.status = 'draft' AND d.channel = ? AND d.account = ?
       AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.id = d.turn_id AND t.ended_at IS NULL) ORDER BY d.seq`,
    channel,
    account,
  );
  for (const delivery of sending) yield* recoverParts(delivery.id, resend);
  for (const delivery of drafts) {
    yield* recoverParts(delivery.id, resend);
    // A preview that stands on the platform stays as it is; nothing will ever be put in its place.
    const shown = (yield* partsOf(delivery.id)).some((part) => part.status === "draft");
    yield* run("UPDATE deliveries SET status = ? WHERE id = ?", shown ? "cancelled" : "open", delivery.id);
    if (!shown) sending.push({ ...delivery, status: "open" });
  }
  const changed: DeliveryRow[] = [];
  for (const delivery of sending) changed.push({ ...delivery, status: yield* settleDelivery(delivery) });
  for (const delivery of drafts) {
    if (!changed.some((row) => row.id === delivery.id)) changed.push({ ...delivery, status: "cancelled" });
  }
  return yield* withParts(changed);
}

function* recoverParts(deliveryId: string, resend: boolean): Steps<void> {
  yield* run(
    `UPDATE delivery_parts SET status = CASE WHEN ? = 1 OR receipt IS NOT NULL THEN 'queued' ELSE 'unknown' END, not_before = 0
     WHERE delivery_id = ? AND status = 'sending'`,
    resend ? 1 : 0,
    deliveryId,
  );
}

export function* nextExpiry(): Steps<{ delivery?: number; approval?: number }> {
  const row = yield* one<{ delivery: number | null; approval: number | null }>(
    `SELECT (SELECT MIN(expires_at) FROM deliveries WHERE status = 'open') AS delivery, (SELECT MIN(expires_at) FROM approvals WHERE status = 'pending') AS approval`,
  );
  return { ...(row!.delivery !== null && { delivery: row!.delivery }), ...(row!.approval !== null && { approval: row!.approval }) };
}

/** One with a part that is being sent right now is left until that part is settled. */
export function* expireDeliveries({ now }: Input<"expireDeliveries">): Steps<Delivery[]> {
  const rows = yield* all<DeliveryRow>(
    `SELECT d.* FROM deliveries d WHERE d.status = 'open' AND d.expires_at <= ?
       AND NOT EXISTS (SELECT 1 FROM delivery_parts p WHERE p.delivery_id = d.id AND p.status = 'sending') ORDER BY d.expires_at, d.seq`,
    now,
  );
  for (const row of rows) {
    yield* run("UPDATE delivery_parts SET status = 'failed', error = 'expired' WHERE delivery_id = ? AND status = 'queued'", row.id);
    yield* run("UPDATE deliveries SET status = 'failed' WHERE id = ?", row.id);
    row.status = "failed";
  }
  return yield* withParts(rows);
}
