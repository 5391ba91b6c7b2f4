/** Who watches the world: the promises P1 to P6 and P10, asserted while it lives. It sees what the disk has committed, what left the house, and what was announced. */
import type { StatementSync } from "node:sqlite";
import { isAdmitted } from "./admitted.ts";
import type { Receipt, SendTarget } from "../../src/core/channel.ts";
import type { Event } from "../../src/core/event.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { StartedTurn } from "../../src/core/store.ts";
import type { MessageUpdate } from "../../src/core/update.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import { findUnrest, settleAccounts } from "./accounts.ts";
import type { Pending, Shown } from "./platform.ts";
import type { Work } from "./sim-database.ts";
import type { Owner } from "./timeline.ts";
import type { SimWorld, Watcher } from "./sim-world.ts";
import { startedBy } from "./started-by.ts";
import type { Subject } from "./subject.ts";
import { JobWatch } from "./watch-jobs.ts";
import { LeaseWatch } from "./watch-leases.ts";

export interface Violation {
  /** P1 to P10 of docs/reliability.md. */
  readonly promise: string;
  readonly text: string;
  /** Simulated milliseconds. */
  readonly at: number;
}

/** Operations whose answer may be lost in a power cut, and why that costs nothing. */
const MAY_BE_LOST: ReadonlySet<OperationName> = new Set<OperationName>([
  // A lease that was not renewed or not released only runs out; nobody else was told of it.
  "renewLeases",
  "releaseLease",
  // The next turn cuts the same context again.
  "moveContextStart",
]);
/** First try and three retries; a later start only makes it a dead letter. */
const MAX_TRIES = 4;
const MAX_TIMERS = 300;
const MAX_CONTEXT = 50;

type Announced = { readonly turnId: string; readonly entry?: number; readonly outcome?: string };

export class Watch implements Watcher {
  readonly violations: Violation[] = [];
  readonly counts = { turns: 0, sends: 0, edits: 0, effects: 0, updates: 0, lostWrites: 0, dead: 0, resumed: 0 };
  /** Requests of programs. */
  readonly asked: Pending[] = [];
  readonly #world: SimWorld;
  readonly #lenient: boolean;
  readonly #subjects: readonly Subject[];
  /** Nonces whose sending is on record. */
  readonly #intents = new Set<string>();
  readonly #waits = new Map<string, number>();
  readonly #effects = new Map<string, number>();
  readonly #poison = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #statements = new Map<string, StatementSync>();
  /** What was announced since the last power cut. */
  #announced: Announced[] = [];

  constructor(world: SimWorld, lenient: boolean) {
    this.#world = world;
    this.#lenient = lenient;
    this.#subjects = [new LeaseWatch(this), new JobWatch(this, world)];
  }

  broken(promise: string, text: string): void {
    this.violations.push({ promise, text, at: this.#world.timeline.now });
    this.#world.trace(undefined, `BROKEN ${promise} ${text}`);
  }

  // --- What the disk has committed

  committed(_owner: Owner, work: Work): void {
    if (work.outcome === undefined || "error" in work.outcome) return;
    const { name } = work.operation;
    const input = work.input as Record<string, unknown>;
    const { output } = work.outcome;
    for (const subject of this.#subjects) subject.committed?.(name, input, output);
    for (const started of startedBy(name, output)) this.#started(started);
    if (name === "markSending") this.#intents.add(`${String(input["deliveryId"])}.${String(input["part"])}`);
    if (name === "settlePart" && input["status"] === "queued")
      this.#waits.set(
        `${String(input["deliveryId"])}.${String(input["part"])}`,
        this.#world.timeline.now + (input["notBefore"] as number) - this.#world.wall(),
      );
    if (name === "openDraft" && output === true) this.#intents.add(`${(input["delivery"] as { id: string }).id}.0`);
  }

  /** A power cut: what was answered as being on disk must still be there. */
  powerLost(lost: readonly Work[]): void {
    this.counts.lostWrites += lost.length;
    for (const { operation, answered, input } of lost) {
      if (!this.#lenient && answered && !MAY_BE_LOST.has(operation.name)) this.broken("P1", `${operation.name} was answered and is lost`);
      const fields = input as Record<string, unknown>;
      if (operation.name === "markSending") this.#intents.delete(`${String(fields["deliveryId"])}.${String(fields["part"])}`);
      if (operation.name === "openDraft") this.#intents.delete(`${(fields["delivery"] as { id: string }).id}.0`);
    }
    for (const subject of this.#subjects) subject.powerLost?.();
    this.#checkAcknowledged();
    for (const one of this.#announced) this.#checkAnnounced(one);
    this.#announced = [];
  }

  // --- What was announced and what the models saw

  published(_owner: Owner, event: Event): void {
    if (event.event === "turn.step") this.#announced.push({ turnId: event.payload.turn_id, entry: event.payload.entry });
    if (event.event !== "turn.ended") return;
    const { turn_id: turnId, outcome, entry } = event.payload;
    if (this.#ended.has(turnId)) this.broken("P5", `turn ${turnId} has ended twice`);
    this.#ended.add(turnId);
    this.counts.turns += 1;
    if (outcome === "failed") this.counts.dead += 1;
    this.#announced.push({ turnId, outcome, ...(entry !== undefined && { entry }) });
  }

  /** Every call has exactly one result, right behind it. */
  thinks(_owner: Owner, { entries, cacheKey }: ModelRequest): void {
    const [tried] = this.rows<{ id: string; attempts: number }>("SELECT id, attempts FROM turns WHERE session_id = ? AND status = 'running'", cacheKey ?? "");
    if (tried && tried.attempts > MAX_TRIES) this.broken("P6", `a model was asked in start ${tried.attempts} of turn ${tried.id}`);
    let open: string[] = [];
    for (const { content } of entries) {
      if (content.role === "tool") {
        if (!open.includes(content.callId)) this.broken("P4", `a model got a result of ${content.callId} that it has not asked for`);
        open = open.filter((id) => id !== content.callId);
        continue;
      }
      if (open.length > 0) this.broken("P4", `a model got no result of ${open.join(", ")}`);
      open = content.role === "assistant" ? content.parts.flatMap((part) => (part.type === "call" ? [part.id] : [])) : [];
    }
    if (open.length > 0) this.broken("P4", `a model got no result of ${open.join(", ")}`);
  }

  /** @param sessionId whose running turn has killed its process. */
  poisoned(sessionId: string): void {
    for (const { id } of this.rows<{ id: string }>("SELECT id FROM turns WHERE session_id = ? AND status = 'running'", sessionId)) {
      const times = (this.#poison.get(id) ?? 0) + 1;
      this.#poison.set(id, times);
      if (times > MAX_TRIES) this.broken("P6", `turn ${id} has killed its process ${times} times`);
    }
  }

  // --- What left the house

  asks(nonce: string): void {
    // Wall time has whole milliseconds.
    const until = this.#waits.get(nonce);
    if (until !== undefined && this.#world.timeline.now + 1 < until)
      this.broken("P2", `${nonce} was sent ${until - this.#world.timeline.now} ms before it was allowed`);
  }

  /** Waits stand in wall time: a jump moves them. */
  wallJumped(): void {
    this.#waits.clear();
  }

  sent(_owner: Owner, shown: Shown, repeated: boolean): void {
    this.counts.sends += 1;
    if (repeated && !this.#world.climate.idempotentSend) this.broken("P2", `${shown.nonce} was sent twice`);
    if (!this.#intents.has(shown.nonce)) this.broken("P2", `${shown.nonce} was sent before that was on record`);
  }

  edited(receipt: Receipt, text: string, target: SendTarget): void {
    this.counts.edits += 1;
    const shown = this.#world.platform.find(receipt.messageId);
    if (shown === undefined) return this.broken("P2", `an edit of ${receipt.messageId}, which was never sent`);
    if (shown.conversation !== target.address.conversation)
      this.broken("P2", `an edit in ${target.address.conversation} of a message in ${shown.conversation}`);
    shown.text = text;
  }

  ran(_owner: Owner, name: string, id: string): void {
    this.counts.effects += 1;
    if (name === "look") return;
    const times = (this.#effects.get(id) ?? 0) + 1;
    this.#effects.set(id, times);
    if (times > 1) this.broken("P4", `the call of ${id} has taken effect ${times} times`);
    const [row] = this.rows<{ status: string }>("SELECT status FROM tool_calls WHERE args = ?", JSON.stringify({ id }));
    if (row === undefined || row.status === "planned") this.broken("P4", `the call of ${id} took effect while it was ${row?.status ?? "not on record"}`);
    if (name !== "pay") return;
    const [asked] = this.rows<{ status: string; call: string }>(
      "SELECT a.status, a.call_id AS call FROM approvals a JOIN tool_calls c ON c.session_id = a.session_id AND c.id = a.call_id WHERE c.args = ?",
      JSON.stringify({ id }),
    );
    if (asked?.status !== "used") this.broken("P4", `the call of ${id} took effect while its approval was ${asked?.status ?? "never asked for"}`);
    if (this.rows("SELECT 1 FROM audit WHERE kind = 'tool.started' AND data LIKE ?", `%"${asked?.call}"%`).length === 0)
      this.broken("P4", `the call of ${id} took effect and the audit has no intent of it`);
  }

  // --- What came in

  asking(update: MessageUpdate): Pending {
    const pending = { number: 0, update, acknowledged: false };
    this.asked.push(pending);
    return pending;
  }

  /** A poll's offset confirms what is below it. */
  confirmed(offset: number): void {
    const { platform } = this.#world;
    for (; platform.offset < offset; platform.offset += 1) this.acknowledged(platform.updates[platform.offset - 1]!);
  }

  acknowledged(pending: Pending): void {
    if (pending.acknowledged) return;
    pending.acknowledged = true;
    this.counts.updates += 1;
    const { key, address } = pending.update;
    if (
      isAdmitted(pending.update) &&
      this.rows("SELECT 1 FROM inbox WHERE channel = ? AND account = ? AND key = ?", address.channel, address.account, key).length === 0
    )
      this.broken("P1", `${key} was acknowledged and is not on record`);
  }

  openTurns(): number {
    return this.rows<{ n: number }>("SELECT COUNT(*) AS n FROM turns WHERE ended_at IS NULL")[0]!.n;
  }

  // --- From time to time, and at the end

  check(): void {
    const [twice] = this.rows<{ key: string; n: number }>("SELECT key, COUNT(*) AS n FROM inbox GROUP BY channel, account, key HAVING COUNT(*) > 1");
    if (twice) this.broken("P1", `${twice.key} stands in the inbox ${twice.n} times`);
    const [two] = this.rows<{ session_id: string }>("SELECT session_id FROM turns WHERE status = 'running' GROUP BY session_id HAVING COUNT(*) > 1");
    if (two) this.broken("P3", `two turns of session ${two.session_id} run at once`);
    const [current] = this.rows<{ key: string }>("SELECT key FROM sessions WHERE ended_at IS NULL GROUP BY key HAVING COUNT(*) > 1");
    if (current) this.broken("P3", `${current.key} has two current sessions`);
    const [gap] = this.rows<{ id: string }>(
      "SELECT s.id FROM sessions s LEFT JOIN entries e ON e.session_id = s.id GROUP BY s.id HAVING COUNT(e.number) <> s.last_entry OR COALESCE(MAX(e.number), 0) <> s.last_entry",
    );
    if (gap) this.broken("P3", `the transcript of ${gap.id} has gaps`);
    const [told] = this.rows<{ conversation: string }>(
      "SELECT conversation FROM deliveries WHERE conversation = '3' GROUP BY conversation HAVING COUNT(*) > 1",
    );
    if (told) this.broken("P10", "a stranger was answered twice");
    const [waiting] = this.rows<{ session_id: string }>(
      "SELECT session_id FROM inbox WHERE pending = 1 AND waits = 'context' GROUP BY session_id HAVING COUNT(*) > ?",
      MAX_CONTEXT + this.openTurns(),
    );
    if (waiting) this.broken("P10", `session ${waiting.session_id} keeps more than ${MAX_CONTEXT} waiting messages`);
    for (const life of this.#world.lives.values())
      if (!life.dead && life.clock.pending() > MAX_TIMERS) this.broken("P10", `${life.name} has ${life.clock.pending()} timers`);
    for (const subject of this.#subjects) subject.check?.();
  }

  /** Nothing more is to be done. */
  isAtRest(): boolean {
    return this.#unrest().length === 0;
  }

  settled(): void {
    for (const unrest of this.#unrest()) this.broken("P5", unrest);
    this.check();
    this.#checkAcknowledged();
    for (const { promise, text } of settleAccounts(this.#world)) this.broken(promise, text);
    for (const subject of this.#subjects) subject.settle?.();
  }

  /** Of the hall and of every subject. */
  allCounts(): Record<string, number> {
    return Object.assign({ ...this.counts }, ...this.#subjects.map(({ counts }) => counts));
  }

  rows<T>(sql: string, ...params: (string | number)[]): T[] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#world.database.database.prepare(sql)));
    return statement.all(...params) as T[];
  }

  #unrest(): string[] {
    return [...findUnrest(this.#world), ...this.#subjects.flatMap((subject) => subject.unrest?.() ?? [])];
  }

  #checkAcknowledged(): void {
    const known = new Set(this.rows<{ key: string }>("SELECT key FROM inbox").map((row) => row.key));
    for (const { update, acknowledged } of [...this.#world.platform.updates, ...this.asked])
      if (acknowledged && isAdmitted(update) && !known.has(update.key)) this.broken("P1", `${update.key} was acknowledged and is lost`);
  }

  #checkAnnounced({ turnId, entry, outcome }: Announced): void {
    const [turn] = this.rows<{ status: string }>("SELECT status FROM turns WHERE id = ?", turnId);
    if (outcome !== undefined && turn?.status !== outcome) this.broken("P5", `turn ${turnId} was announced as ${outcome} and is ${turn?.status ?? "gone"}`);
    if (entry !== undefined && this.rows("SELECT 1 FROM entries WHERE turn_id = ? AND number = ?", turnId, entry).length === 0)
      this.broken("P5", `entry ${entry} of turn ${turnId} was announced and is gone`);
  }

  #started({ resumed, turn }: StartedTurn): void {
    if (resumed) this.counts.resumed += 1;
    if (this.#ended.has(turn.id)) this.broken("P3", `turn ${turn.id} was started after its end`);
  }
}
