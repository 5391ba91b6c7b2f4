/** Tasks that one turn hands to another: each is begun once, its end reaches its maker once, and nobody works whom nobody waits for (fault-84). */
import type { OperationName } from "../../src/store/operations/operations.ts";
import { MOST_HELPERS } from "./climate.ts";
import type { SimWorld, Watcher } from "./sim-world.ts";
import type { Subject } from "./subject.ts";

/**
 * A helper that nobody needs any more has stopped within this time, if nobody dies meanwhile: what may be the cause of a death is tried again one by one. Long, because a
 * tool may hang, the disk fail the stop, and the process stand still for a third of its life.
 */
const SETTLED_WITHIN_MS = 15 * 60_000;

interface Row {
  readonly id: string;
  readonly session_id: string;
  readonly call_id: string;
  readonly status: string;
  readonly result: string | null;
  readonly child: string | null;
}

export class HelperWatch implements Subject {
  readonly counts = { helpers: 0, told: 0 };
  readonly #watch: Watcher;
  readonly #world: SimWorld;
  /** Those that should be at work no more, since when (simulated), and how many deaths ago. */
  readonly #over = new Map<string, { since: number; deaths: number }>();

  constructor(watch: Watcher, world: SimWorld) {
    this.#watch = watch;
    this.#world = world;
  }

  committed(name: OperationName, input: Record<string, unknown>, output: unknown): void {
    if (name === "tellSubAgent" && output === true) this.counts.told += 1;
    if (name === "openSubAgent" && (output as { kind: string }).kind === "opened") this.counts.helpers += 1;
    if (name !== "commitTurn" || !this.#world.climate.helpers) return;
    const [open] = this.#watch.rows<{ id: string }>("SELECT id FROM sub_agents WHERE child_turn = ? AND status = 'open'", input["turnId"] as string);
    if (open) this.#watch.broken("P5", `the helper ${open.id} has ended and its maker was not told with it`);
  }

  check(): void {
    if (!this.#world.climate.helpers) return;
    const [twice] = this.#watch.rows<{ call_id: string }>("SELECT call_id FROM sub_agents GROUP BY session_id, call_id HAVING COUNT(*) > 1");
    if (twice) this.#watch.broken("P4", `the call ${twice.call_id} has two helpers`);
    const [many] = this.#watch.rows<{ root_id: string }>("SELECT root_id FROM sub_agents WHERE working = 1 GROUP BY root_id HAVING COUNT(*) > ?", MOST_HELPERS);
    if (many) this.#watch.broken("P10", `${many.root_id} has more helpers than it may`);
    const [lost] = this.#watch.rows<{ id: string }>(
      "SELECT id FROM sub_agents a WHERE working = 1 AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.key = 'task:' || a.id)",
    );
    if (lost) this.#watch.broken("P1", `the task of the helper ${lost.id} is not on record`);
    this.#checkWorking();
  }

  unrest(): string[] {
    const rows = this.#watch.rows<{ id: string; status: string }>("SELECT id, status FROM sub_agents WHERE working = 1 OR status = 'open'");
    return rows.map(({ id, status }) => `the helper ${id} is still at work (${status})`);
  }

  settle(): void {
    const rows = this.#watch.rows<Row>(
      `SELECT a.id, a.session_id, a.call_id, a.status, a.result, c.status AS child FROM sub_agents a LEFT JOIN turns c ON c.id = a.child_turn
       WHERE a.detached = 0 AND EXISTS (SELECT 1 FROM turns p WHERE p.id = a.turn_id AND p.status = 'done')`,
    );
    for (const row of rows) this.#checkResult(row);
    const notes = this.#watch.rows<{ id: string; told: number; notes: number }>(
      `SELECT turn_id AS id, COUNT(told_at) AS told, (SELECT COUNT(*) FROM entries e WHERE e.turn_id = a.turn_id AND e.content LIKE '%"The task that you handed over is %') AS notes
       FROM sub_agents a GROUP BY turn_id`,
    );
    for (const { id, told, notes: n } of notes) if (told !== n) this.#watch.broken("P4", `turn ${id} was told of ${told} results in ${n} notes`);
  }

  #checkResult({ id, session_id: session, call_id: call, status, result, child }: Row): void {
    if (status === "done" && child !== null && child !== "done") this.#watch.broken("P5", `the helper ${id} is done and its turn is ${child}`);
    const entries = this.#watch.rows<{ content: string }>(
      "SELECT content FROM entries WHERE session_id = ? AND json_extract(content, '$.callId') = ?",
      session,
      call,
    );
    const text = entries.length === 1 ? (JSON.parse(entries[0]!.content) as { text: string }).text : undefined;
    if (text === undefined || !text.includes((result ?? "").slice(0, 40)))
      this.#watch.broken("P4", `the result of the helper ${id} is not what its maker got (${entries.length} results)`);
  }

  #checkWorking(): void {
    const ended = this.#watch.rows<{ id: string }>(
      `SELECT a.id FROM sub_agents a LEFT JOIN turns c ON c.id = a.child_turn LEFT JOIN turns p ON p.id = a.turn_id
       WHERE a.working = 1 AND (c.ended_at IS NOT NULL OR p.ended_at IS NOT NULL OR (a.status = 'open' AND a.expires_at < ?))`,
      // A wall clock that jumps makes a time of its own.
      this.#world.wallHasJumped ? 0 : this.#world.wall(),
    );
    const ids = new Set(ended.map(({ id }) => id));
    for (const id of this.#over.keys()) if (!ids.has(id)) this.#over.delete(id);
    for (const id of ids) {
      const { deaths, timeline } = this.#world;
      const known = this.#over.get(id);
      const over = known?.deaths === deaths ? known : { since: timeline.now, deaths };
      this.#over.set(id, over);
      if (timeline.now - over.since > SETTLED_WITHIN_MS)
        this.#watch.broken("P5", `the helper ${id} is at work long after its time, its turn or its maker has ended`);
    }
  }
}
