import { samePrincipal, type Principal } from "../../core/principal.ts";
import type { AcceptItem, AcceptOutput, Operations, ResetWhen, StartedTurn } from "../../core/store.ts";
import { deletePending, editPending } from "./edit.ts";
import { insertInbox, setCursor, trimContext, type AdmittedItem } from "./inbox.ts";
import { laneOf, takeLease } from "./leases.ts";
import { insertDelivery } from "./outbox.ts";
import { openPairing } from "./pairings.ts";
import { toSession, type SessionRow } from "./rows/session.ts";
import type { TurnRow } from "./rows/turn.ts";
import { currentSession, insertSession, sessionById, succeed, touchSession } from "./sessions.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { beginTurn, insertTurn, joinTurn } from "./turns.ts";

/** Refused senders that are remembered, per account. */
export const MAX_REFUSED_SENDERS = 1000;

interface Now {
  readonly now: number;
  readonly owner: string;
  readonly leaseMs: number;
}

export function* acceptUpdates({ items, cursor, ...now }: Operations["acceptUpdates"]["input"]): Steps<AcceptOutput[]> {
  const outputs: AcceptOutput[] = [];
  for (const item of items) outputs.push(item.kind === "refused" ? yield* refuse(item, now.now) : ((yield* duplicate(item)) ?? (yield* admit(item, now))));
  if (cursor !== undefined) yield* setCursor(cursor);
  return outputs;
}

function* refuse(item: AcceptItem & { kind: "refused" }, now: number): Steps<AcceptOutput> {
  const { channel, account, senderId, notice } = item;
  if (notice === undefined) return { kind: "refused", told: false };
  if (item.pairing !== undefined) {
    const told = yield* openPairing(item, now);
    if (told) yield* insertDelivery(notice, "open", now);
    return { kind: "refused", told };
  }
  const known = yield* one("SELECT at FROM refused_senders WHERE channel = ? AND account = ? AND sender_id = ?", channel, account, senderId);
  if (known !== undefined) return { kind: "refused", told: false };
  const senders = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM refused_senders WHERE channel = ? AND account = ?", channel, account);
  if (senders!.count >= MAX_REFUSED_SENDERS) return { kind: "refused", told: false };
  yield* run("INSERT INTO refused_senders (channel, account, sender_id, at) VALUES (?, ?, ?, ?)", channel, account, senderId, now);
  yield* insertDelivery(notice, "open", now);
  return { kind: "refused", told: true };
}

function* duplicate(item: AdmittedItem): Steps<AcceptOutput | undefined> {
  const row = yield* one<{ id: string; turn_id: string | null; session_id: string; session_key: string; digest: string | null }>(
    `SELECT i.id, i.turn_id, i.session_id, s.key AS session_key, i.digest FROM inbox i JOIN sessions s ON s.id = i.session_id
     WHERE i.channel = ? AND i.account = ? AND i.key = ?`,
    item.channel,
    item.account,
    item.key,
  );
  if (row === undefined) return undefined;
  return {
    kind: "duplicate",
    messageId: row.id,
    sessionId: row.session_id,
    sessionKey: row.session_key,
    ...(row.turn_id === null ? {} : { turnId: row.turn_id }),
    ...(row.digest === null ? {} : { digest: row.digest }),
  };
}

function* admit(item: AdmittedItem, now: Now): Steps<AcceptOutput> {
  const { current, ended } = yield* sessionFor(item, now.now);
  const output = yield* admitTo(current, item, now);
  return output.kind === "accepted" && ended !== undefined ? { ...output, ended } : output;
}

/** The current session of the item's key, or a new one; the successor when the current one is over. */
function* sessionFor(item: AdmittedItem, now: number): Steps<{ current: SessionRow; ended?: string }> {
  const old = yield* currentSession(item.session.key);
  if (old === undefined) return { current: yield* insertSession(item.session, now) };
  const over = old.id !== item.session.id && old.last_entry > 0 && (yield* isOver(old, item.reset));
  if (!over) return { current: old };
  return { current: yield* succeed(old, item.session, now), ended: old.id };
}

/** An open turn is talk that goes on, however long it takes: there is no silence then. */
function* isOver(row: SessionRow, when: ResetWhen | undefined): Steps<boolean> {
  if (when?.begunBefore !== undefined && row.created_at < when.begunBefore) return true;
  if (when?.silentSince === undefined || (row.said_at ?? row.updated_at) >= when.silentSince) return false;
  return (yield* one("SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL LIMIT 1", row.id)) === undefined;
}

function* admitTo(current: SessionRow, item: AdmittedItem, now: Now): Steps<AcceptOutput> {
  let session = current;
  // A command is recorded only, but it says as well where the person is.
  if (item.kind !== "record" || item.update.type === "message") {
    // A job is nobody's presence: where the session's people are does not change by it.
    const present = item.update.type === "press" || (item.update.type === "message" && item.update.job === undefined);
    const talk = item.kind === "turn" || item.kind === "context";
    session = yield* touchSession(session, { address: present ? item.address : undefined, talk, said: talk && present, now: now.now });
  }
  if (item.kind === "turn") return yield* admitTurn(item, session, now);
  if (item.kind === "edit") {
    const edited = yield* editPending(session.id, item);
    if (edited !== undefined) {
      const turn = edited.turnId === undefined ? {} : { turnId: edited.turnId };
      yield* insertInbox(item, { sessionId: session.id, waits: "none", now: now.now, ...turn });
      return { kind: "accepted", messageId: item.messageId, session: toSession(session), joined: true, ...turn };
    }
  }
  if (item.kind === "deletion") return yield* admitDeletion(item, session, now);
  yield* insertInbox(item, { sessionId: session.id, waits: item.kind !== "record" && item.entry !== undefined ? "context" : "none", now: now.now });
  if (item.kind !== "record") yield* trimContext(session.id);
  else if (item.reply !== undefined) yield* insertDelivery({ sessionId: session.id, ...item.reply }, "open", now.now);
  return { kind: "accepted", messageId: item.messageId, session: toSession(session), joined: false };
}

function* admitDeletion(item: AdmittedItem, session: SessionRow, { now }: Now): Steps<AcceptOutput> {
  const found = yield* deletePending(session.id, item, now);
  const told = found.kind === "seen" && item.kind !== "record" && item.entry !== undefined;
  yield* insertInbox(item, { sessionId: session.id, waits: told ? "context" : "none", now });
  if (told) yield* trimContext(session.id);
  const cancelled = found.kind === "removed" && found.cancelled !== undefined ? { cancelled: found.cancelled } : {};
  return { kind: "accepted", messageId: item.messageId, session: toSession(session), joined: false, ...cancelled };
}

type OpenTurn = Pick<TurnRow, "id" | "status" | "started_at" | "principal" | "label" | "position">;

/** What the queue mode makes of the session's open turns. */
interface Plan {
  /** Turn that the message joins. */
  readonly join?: OpenTurn;
  /** Running turn to stop. */
  readonly interrupts?: string;
  /** Queued turns that the new one replaces. */
  readonly supersedes: readonly OpenTurn[];
  /** Nothing else is open: the new turn may start at once. */
  readonly idle: boolean;
}

function* planTurn(item: AdmittedItem, sessionId: string): Steps<Plan> {
  if (item.queueMode === "queue") {
    const open = item.claim
      ? yield* one("SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL AND status <> 'waiting' LIMIT 1", sessionId)
      : undefined;
    return { supersedes: [], idle: open === undefined };
  }
  const open = yield* all<OpenTurn>(
    "SELECT id, status, started_at, principal, label, position FROM turns WHERE session_id = ? AND ended_at IS NULL AND status <> 'waiting' ORDER BY position DESC",
    sessionId,
  );
  const own = open.filter((turn) => samePrincipal(JSON.parse(turn.principal) as Principal, item.principal));
  const running = own.find((turn) => turn.status === "running");
  const unstarted = own.filter((turn) => turn.status === "queued" && turn.started_at === null);
  // Behind an own message that waits for a turn of its own nothing is told before it (P3).
  if (item.queueMode === "immediate") return { supersedes: [], idle: open.length === 0, ...(running && unstarted.length === 0 && { join: running }) };
  if (item.queueMode === "batch") return { supersedes: [], idle: open.length === 0, ...(unstarted[0] && { join: unstarted[0] }) };
  return { supersedes: unstarted, idle: open.length === unstarted.length, ...(running && { interrupts: running.id }) };
}

function* admitTurn(item: AdmittedItem, session: SessionRow, now: Now): Steps<AcceptOutput> {
  const plan = yield* planTurn(item, session.id);
  const accepted = { kind: "accepted", messageId: item.messageId, joined: plan.join !== undefined } as const;
  const turnId = plan.join?.id ?? item.turnId;
  const seq = yield* insertInbox(item, { sessionId: session.id, turnId, waits: "turn", now: now.now });
  if (plan.join !== undefined) {
    yield* joinTurn(plan.join, item);
    return { ...accepted, session: toSession(session), turnId };
  }
  const turn = yield* insertTurn(item, { sessionId: session.id, position: plan.supersedes.at(-1)?.position ?? seq, now: now.now });
  for (const old of plan.supersedes) yield* supersede(old.id, turnId, session.id, now.now);
  const started = item.claim && plan.idle && item.notBefore <= now.now ? yield* claim(turn, session, now) : undefined;
  return {
    ...accepted,
    session: started?.session ?? toSession(session),
    turnId,
    ...(started && { started }),
    ...(plan.interrupts !== undefined && { interrupts: plan.interrupts }),
  };
}

function* supersede(oldId: string, turnId: string, sessionId: string, now: number): Steps<void> {
  yield* run("UPDATE turns SET status = 'cancelled', superseded_by = ?, ended_at = ? WHERE id = ?", turnId, now, oldId);
  yield* run("UPDATE inbox SET turn_id = ? WHERE session_id = ? AND pending = 1 AND turn_id = ?", turnId, sessionId, oldId);
}

function* claim(turn: TurnRow, session: SessionRow, { now, owner, leaseMs }: Now): Steps<StartedTurn | undefined> {
  const fence = yield* takeLease(laneOf(session.id), owner, now, leaseMs);
  if (fence === undefined) return undefined;
  return yield* beginTurn(turn, (yield* sessionById(session.id)) ?? session, fence, now);
}
