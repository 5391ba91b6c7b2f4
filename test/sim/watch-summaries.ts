/** Conversations that are made shorter: what prompts begin with is wholly the old one or wholly the new one, and what was said stays where it was said (fault-7). */
import type { Fence, Summary } from "../../src/core/records.ts";
import type { Operations } from "../../src/core/store.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { Watcher } from "./sim-world.ts";
import type { Subject } from "./subject.ts";

type Purged = Operations["purgePerson"]["output"];

interface Compacted {
  readonly sessionId: string;
  readonly expectedStart: number;
  readonly contextStart: number;
  readonly summary?: Omit<Summary, "sessionId">;
}

export class SummaryWatch implements Subject {
  readonly counts = { summaries: 0, trims: 0, cuts: 0 };
  readonly #watch: Watcher;
  /** Starts of prompts that a turn has moved because no summary could be had: what came before is left out. */
  readonly #cuts = new Set<string>();
  readonly #starts = new Map<string, number>();

  constructor(watch: Watcher) {
    this.#watch = watch;
  }

  committed(name: OperationName, input: Record<string, unknown>, output: unknown): void {
    if (name === "moveContextStart") this.#cut(input["sessionId"] as string, input["contextStart"] as number);
    if (name === "commitTurn" && input["contextStart"] !== undefined)
      this.#cut((input["fence"] as Fence).lease.slice("lane:".length), input["contextStart"] as number);
    // Summaries that hold words of somebody who is forgotten go; what they stand for is left out.
    if (name === "purgePerson") for (const id of (output as Purged).changedSessions) this.#forgotten(id);
    // Before anybody may take what a dead process has left for a cut of their own.
    if (name === "boot") this.check();
    if (name === "compactContext" && output === true) this.#compacted(input as unknown as Compacted);
  }

  check(): void {
    const moved = this.#watch.rows<{ id: string; start: number; made: number }>(
      `SELECT s.id, s.context_start AS start, (SELECT COUNT(*) FROM summaries m WHERE m.session_id = s.id AND m.to_entry = s.context_start - 1) AS made
       FROM sessions s WHERE s.context_start > 1`,
    );
    for (const { id, start, made } of moved)
      if (made === 0 && !this.#cuts.has(`${id} ${start}`))
        this.#watch.broken("P1", `the prompts of ${id} begin at ${start}, and nothing stands for what came before`);
    const [ahead] = this.#watch.rows<{ id: string; to_entry: number }>(
      "SELECT s.id, m.to_entry FROM summaries m JOIN sessions s ON s.id = m.session_id WHERE m.to_entry >= s.context_start",
    );
    if (ahead) this.#watch.broken("P1", `a summary of ${ahead.id} stands for entry ${ahead.to_entry}, which is still in its prompts`);
  }

  #cut(sessionId: string, start: number): void {
    if (start <= (this.#starts.get(sessionId) ?? 1)) return;
    this.counts.cuts += 1;
    this.#starts.set(sessionId, start);
    this.#cuts.add(`${sessionId} ${start}`);
  }

  #forgotten(sessionId: string): void {
    const [session] = this.#watch.rows<{ start: number }>("SELECT context_start AS start FROM sessions WHERE id = ?", sessionId);
    if (session) this.#cuts.add(`${sessionId} ${session.start}`);
  }

  #compacted({ sessionId, expectedStart, contextStart, summary }: Compacted): void {
    this.#starts.set(sessionId, contextStart);
    if (summary === undefined) {
      this.counts.trims += 1;
      if (contextStart !== expectedStart) this.#watch.broken("P1", `the prompts of ${sessionId} were moved to ${contextStart} without a summary`);
      return;
    }
    this.counts.summaries += 1;
    const [raw] = this.#watch.rows<{ n: number }>(
      "SELECT COUNT(*) AS n FROM entries WHERE session_id = ? AND number BETWEEN ? AND ?",
      sessionId,
      summary.fromEntry,
      summary.toEntry,
    );
    if (raw!.n !== summary.toEntry - summary.fromEntry + 1) this.#watch.broken("P1", `what a summary of ${sessionId} stands for is gone`);
    if (summary.toEntry !== contextStart - 1)
      this.#watch.broken("P1", `a summary of ${sessionId} ends at ${summary.toEntry} and its prompts begin at ${contextStart}`);
  }
}
