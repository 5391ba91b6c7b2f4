import { StoreError } from "../../core/errors.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import type { Update } from "../../core/update.ts";
import type { Operations, StartedTurn } from "../../core/store.ts";
import { cancelApprovals, isAsking } from "./approvals.ts";
import { hasOpenCall, insertCalls } from "./calls.ts";
import { appendEntries } from "./entries.ts";
import { takePending, type PendingRow } from "./inbox.ts";
import { guardLane, keepLease, leaseLost, releaseLease } from "./leases.ts";
import { tellNotes } from "./notes.ts";
import { commitDeliveries, giveUpDraft, insertDelivery } from "./outbox.ts";
import type { CallRow } from "./rows/call.ts";
import { jsonOrNull } from "./rows/column.ts";
import type { TurnRow } from "./rows/turn.ts";
import { moveContextStart, sessionById } from "./sessions.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { beginTurn, insertTurn, nextTurn } from "./turns.ts";
import { settleChild } from "./sub-agents.ts";
import { addUsage, usageParams } from "./usage.ts";
import { suspend } from "./waiting.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** A turn's running row, by a caller that holds its lane. @throws StoreError `lease_lost`, `turn_not_running` */
function* runningTurn(fence: Input<"commitStep">["fence"], turnId: string): Steps<TurnRow> {
  const sessionId = yield* guardLane(fence);
  const turn = yield* one<TurnRow>("SELECT * FROM turns WHERE id = ?", turnId);
  if (turn !== undefined && turn.session_id !== sessionId) throw leaseLost(fence);
  if (turn?.status !== "running") throw new StoreError("turn_not_running", `turn ${turnId} is ${turn?.status ?? "unknown"}`, { hint: "Read the turn again." });
  return turn;
}

/** A model that answered ends the outage. */
export function* commitStep({ fence, turnId, entry, calls, usage, model, estimate, now }: Input<"commitStep">): Steps<{ number: number; step: number }> {
  const turn = yield* runningTurn(fence, turnId);
  const step = turn.steps + 1;
  yield* run(
    `UPDATE turns SET steps = ?, outage_since = NULL, outage_told = 0, input = input + ?, output = output + ?, cache_read = cache_read + ?, cache_write = cache_write + ?
     WHERE id = ?`,
    step,
    ...usageParams(usage),
    turnId,
  );
  const [appended] = yield* appendEntries(turn.session_id, [{ ...entry, turnId }]);
  yield* insertCalls({ ...turn, steps: step }, calls);
  yield* addUsage({ turnId, model, usage, estimate }, now);
  return { number: appended!.number, step };
}

/** @throws StoreError `calls_open` while a call waits for its result. */
export function* takeSteering({ fence, turnId }: Input<"takeSteering">): Steps<Entry[]> {
  const turn = yield* runningTurn(fence, turnId);
  const entries = yield* takePending(turn.session_id, turnId, false);
  if (entries.length > 0 && (yield* hasOpenCall(turn.session_id))) {
    throw new StoreError("calls_open", `turn ${turnId} has calls without a result`, { hint: "Finish its calls first." });
  }
  return yield* appendEntries(turn.session_id, entries);
}

export function* commitTurn(input: Input<"commitTurn">): Steps<Operations["commitTurn"]["output"]> {
  const { fence, turnId, outcome, usage, now } = input;
  const turn = yield* runningTurn(fence, turnId);
  yield* closeCalls(turn, now);
  const entries = yield* appendEntries(
    turn.session_id,
    input.entries.map((entry) => ({ ...entry, turnId })),
  );
  const answerEntry = entries.findLast((entry) => entry.content.role === "assistant")?.number;
  yield* run(
    `UPDATE turns SET status = ?, error = ?, superseded_by = ?, answer_entry = ?, ended_at = ?, outage_since = NULL, outage_told = 0,
       input = input + ?, output = output + ?, cache_read = cache_read + ?, cache_write = cache_write + ? WHERE id = ?`,
    outcome,
    jsonOrNull(input.error),
    input.supersededBy ?? null,
    answerEntry ?? null,
    now,
    ...usageParams(usage),
    turnId,
  );
  yield* addUsage({ turnId, model: modelOf(input.entries), usage, estimate: input.estimate }, now);
  // An answer that has come to a turn which was stopped meanwhile lets nothing through any more.
  if (outcome !== "done" && turn.steps > 0) yield* cancelApprovals(turnId, now);
  yield* commitDeliveries(turn, input.deliveries, now);
  if (input.contextStart !== undefined) yield* moveContextStart({ sessionId: turn.session_id, contextStart: input.contextStart });
  yield* settleChild(turn, { outcome, entries, error: input.error }, now);
  const moved = yield* moveSteering(turn, input.movedTurnId, now);
  const next = input.next ? yield* startNext(turn.session_id, input) : undefined;
  if (next === undefined) {
    yield* tellNotes(turn.session_id);
    yield* releaseLease({ fence });
  }
  return { moved, ...(answerEntry !== undefined && { answerEntry }), ...(next && { next }) };
}

/** Tokens of the line that stands for a result that will never come. */
const NO_RESULT_TOKENS = 20;

/** A turn that ends leaves no call without its result (P4): one that was left behind by a stop or a refused commit is closed as interrupted. */
function* closeCalls(turn: TurnRow, now: number): Steps<void> {
  const open = yield* all<CallRow>("SELECT * FROM tool_calls WHERE turn_id = ? AND finished_at IS NULL ORDER BY step, position", turn.id);
  for (const call of open) {
    yield* run("UPDATE tool_calls SET status = 'interrupted', finished_at = ? WHERE session_id = ? AND id = ?", now, call.session_id, call.id);
    const text = call.status === "planned" ? "Not run: the turn ended before." : "Interrupted, outcome unknown: it may or may not have happened.";
    const content = { role: "tool" as const, callId: call.id, name: call.name, text, error: true };
    const entry = { content, principal: JSON.parse(turn.principal), label: JSON.parse(turn.label), tokens: NO_RESULT_TOKENS, turnId: turn.id, at: now };
    yield* appendEntries(turn.session_id, [entry]);
  }
}

/** The usage of the last step is that of the model which wrote it. */
function modelOf(entries: readonly NewEntry[]): string {
  const last = entries.findLast((entry) => entry.content.role === "assistant");
  return last?.content.role === "assistant" ? last.content.model : "unknown";
}

/** Messages that the turn did not take become a turn of their own, which keeps the place of the first of them. */
function* moveSteering(turn: TurnRow, movedTurnId: string, now: number): Steps<{ messageId: string; turnId: string }[]> {
  const rows = yield* all<PendingRow>(
    "SELECT seq, id, turn_id, body, entry FROM inbox WHERE session_id = ? AND pending = 1 AND waits = 'turn' AND turn_id = ? ORDER BY seq",
    turn.session_id,
    turn.id,
  );
  const [first] = rows;
  if (first === undefined) return [];
  const update = JSON.parse(rows.at(-1)!.body) as Update;
  const answers = turn.reply_to !== null && update.type === "message" ? { replyTo: update.messageId } : {};
  yield* insertTurn(
    {
      turnId: movedTurnId,
      principal: JSON.parse(turn.principal),
      label: JSON.parse(turn.label),
      address: JSON.parse(turn.address),
      options: update.type === "message" ? (update.options ?? {}) : {},
      notBefore: now,
      ...answers,
    },
    { sessionId: turn.session_id, position: first.seq, now },
  );
  yield* run("UPDATE inbox SET turn_id = ? WHERE session_id = ? AND pending = 1 AND waits = 'turn' AND turn_id = ?", movedTurnId, turn.session_id, turn.id);
  return rows.map((row) => ({ messageId: row.id, turnId: movedTurnId }));
}

function* startNext(sessionId: string, { fence, now, leaseMs }: Pick<Input<"commitTurn">, "fence" | "now" | "leaseMs">): Steps<StartedTurn | undefined> {
  const turn = yield* nextTurn(sessionId, now);
  const session = turn && (yield* sessionById(sessionId));
  if (session === undefined) return undefined;
  yield* keepLease(fence, now, leaseMs);
  return yield* beginTurn(turn!, session, fence, now);
}

export function* suspendTurn(input: Input<"suspendTurn">): Steps<Operations["suspendTurn"]["output"]> {
  const turn = yield* runningTurn(input.fence, input.turnId);
  const moved = (yield* isAsking(turn.id)) ? yield* moveSteering(turn, input.movedTurnId, input.now) : [];
  return { ...(yield* suspend(turn, input, () => startNext(turn.session_id, input))), moved };
}

export function* postponeTurn({ fence, turnId, notBefore, outage, handover = false, notice, error, now }: Input<"postponeTurn">): Steps<{ told: boolean }> {
  const turn = yield* runningTurn(fence, turnId);
  if (outage) yield* giveUpDraft(turn);
  const told = notice !== undefined && !(outage && turn.outage_told === 1);
  if (told) yield* insertDelivery({ sessionId: turn.session_id, turnId, ...notice }, "open", now);
  const since = outage ? (turn.outage_since ?? now) : null;
  const outageTold = outage && (told || turn.outage_told === 1) ? 1 : 0;
  yield* run(
    "UPDATE turns SET status = 'queued', not_before = ?, attempts = ?, outage_since = ?, outage_told = ?, error = ? WHERE id = ?",
    notBefore,
    outage || handover ? Math.max(0, turn.attempts - 1) : turn.attempts,
    handover ? turn.outage_since : since,
    handover ? turn.outage_told : outageTold,
    handover && error === undefined ? turn.error : jsonOrNull(error),
    turnId,
  );
  yield* releaseLease({ fence });
  return { told };
}
