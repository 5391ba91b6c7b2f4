/** People who are forgotten: with the commit that forgets them nothing of theirs stands in any row, nothing of it comes back, and the others keep what is theirs. */
import type { AcceptItem, AcceptOutput } from "../../src/core/store.ts";
import type { Job } from "../../src/core/job.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { SimWorld, Watcher } from "./sim-world.ts";
import { startedBy } from "./started-by.ts";
import type { Subject } from "./subject.ts";

/** Every message and every reminder has a word of its own. */
const WORDS = /\b(?:m|rem)\d+\b/g;
/** Names what was done to whom for ever, by ids alone. */
const KEPT_TABLES = new Set(["audit", "audit_checkpoints"]);
/** A process that stood still may have had the request in its hands. */
const LEAVES_WITHIN_MS = 90_000;

/** Words of theirs, keys under which they came, turns that were theirs. */
interface Said {
  readonly words: Set<string>;
  readonly keys: Set<string>;
  readonly turns: Set<string>;
}

export class PurgeWatch implements Subject {
  readonly counts = { purges: 0, forgotten: 0 };
  readonly #watch: Watcher;
  readonly #world: SimWorld;
  /** By person. */
  readonly #said = new Map<string, Said>();
  readonly #gone = new Set<string>();
  readonly #keys = new Set<string>();
  #last = -Infinity;

  constructor(watch: Watcher, world: SimWorld) {
    this.#watch = watch;
    this.#world = world;
  }

  /** Whether an update of this key is rightly on no record any more. */
  isForgotten(key: string): boolean {
    return this.#keys.has(key);
  }

  committed(name: OperationName, input: Record<string, unknown>, output: unknown): void {
    if (!this.#world.climate.forgets) return;
    if (name === "acceptUpdates") this.#accepted(input["items"] as AcceptItem[], output as AcceptOutput[]);
    if (name === "saveJob" && output !== undefined) this.#of((output as Job).principal.person, JSON.stringify((output as Job).payload));
    for (const { turn } of startedBy(name, output)) this.#saidBy(turn.principal.person).turns.add(turn.id);
    if (name === "purgePerson") this.#purged(input["person"] as string);
  }

  /** What had begun before may still be on its way. */
  justNow(): boolean {
    return this.#world.timeline.now - this.#last < LEAVES_WITHIN_MS;
  }

  /** A request leaves for the platform. */
  asks(nonce: string): void {
    if (!this.#world.climate.forgets || this.justNow()) return;
    if (this.#watch.rows("SELECT 1 FROM deliveries WHERE id = ?", nonce.replace(/\.\d+$/, "")).length === 0)
      this.#watch.broken("P2", `${nonce} was sent long after it was forgotten`);
  }

  settle(): void {
    if (this.#gone.size === 0) return;
    for (const { table, text } of this.#texts()) {
      const word = text.match(WORDS)?.find((one) => this.#gone.has(one));
      if (word !== undefined) return this.#watch.broken("P1", `${word} of somebody who was forgotten stands in ${table} again`);
    }
  }

  #accepted(items: readonly AcceptItem[], outputs: readonly AcceptOutput[]): void {
    for (const [index, item] of items.entries()) {
      if (item.kind === "refused" || outputs[index]!.kind !== "accepted") continue;
      const words = this.#of(item.principal.person, JSON.stringify(item.update), item.key);
      // The platform has handed it in once more: it is said anew. A job is nobody's word.
      if (!item.key.startsWith("job:")) for (const word of words) this.#gone.delete(word);
      this.#keys.delete(item.key);
    }
  }

  #saidBy(person: string): Said {
    let said = this.#said.get(person);
    if (said === undefined) this.#said.set(person, (said = { words: new Set(), keys: new Set(), turns: new Set() }));
    return said;
  }

  #of(person: string, text: string, key?: string): string[] {
    const said = this.#saidBy(person);
    const words = text.match(WORDS) ?? [];
    for (const word of words) said.words.add(word);
    if (key !== undefined) said.keys.add(key);
    return words;
  }

  #purged(person: string): void {
    this.counts.purges += 1;
    this.#last = this.#world.timeline.now;
    const said = this.#saidBy(person);
    this.#said.delete(person);
    for (const key of said.keys) this.#keys.add(key);
    for (const word of said.words) this.#gone.add(word);
    this.counts.forgotten += said.words.size;
    for (const table of ["deliveries", "tool_calls", "approvals"])
      for (const { turn_id: turn } of this.#watch.rows<{ turn_id: string }>(`SELECT DISTINCT turn_id FROM ${table} WHERE turn_id IS NOT NULL`))
        if (said.turns.has(turn)) return this.#watch.broken("P1", `${person} was forgotten and something of their turn ${turn} stands in ${table}`);
    for (const { table, text } of this.#texts()) {
      if (text.includes(person)) return this.#watch.broken("P1", `${person} was forgotten and stands in ${table}`);
      const word = text.match(WORDS)?.find((one) => said.words.has(one));
      if (word !== undefined) return this.#watch.broken("P1", `${person} was forgotten and their word ${word} stands in ${table}`);
    }
  }

  /** All words of the database, row by row. */
  *#texts(): Generator<{ table: string; text: string }> {
    const columns = this.#watch.rows<{ name: string; columns: string }>(
      "SELECT m.name, group_concat(c.name) AS columns FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'TEXT' GROUP BY m.name ORDER BY m.name",
    );
    for (const { name, columns: names } of columns) {
      if (KEPT_TABLES.has(name)) continue;
      for (const row of this.#watch.rows<object>(`SELECT ${names} FROM ${name}`)) yield { table: name, text: JSON.stringify(row) };
    }
  }
}
