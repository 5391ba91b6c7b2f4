/** The checker of the kill soak: from the database, the fake platform and what people said it proves that nothing was lost, reordered or done twice. */
import type { FakeTelegram } from "../fakes/telegram/index.ts";
import type { EntryRow, Snapshot, TurnRow } from "./soak-database.ts";
import type { SoakLoad } from "./soak-load.ts";

export interface SoakFindings {
  readonly messages: number;
  readonly answered: number;
  readonly deadLettered: number;
  readonly lost: number;
  readonly reordered: number;
  readonly duplicates: number;
  /** Deliveries whose send was cut by a kill. */
  readonly unknown: number;
  /** Previews of a cut answer that stayed in a chat: their receipt was lost with the process. */
  readonly orphanPreviews: number;
  /** Everything that must not be, in words. */
  readonly problems: readonly string[];
}

const ENDED = new Set(["done", "failed", "cancelled"]);

export function checkSoak(db: Snapshot, load: SoakLoad, telegram: FakeTelegram): SoakFindings {
  const check = new Check(db, load, telegram);
  check.messages();
  check.transcripts();
  check.deliveries();
  check.api();
  check.platform();
  return check.findings();
}

class Check {
  readonly #db: Snapshot;
  readonly #load: SoakLoad;
  readonly #telegram: FakeTelegram;
  readonly #turns: ReadonlyMap<string, TurnRow>;
  readonly #problems: string[] = [];
  readonly #finals = new Set<string>();
  readonly #count = { answered: 0, deadLettered: 0, lost: 0, reordered: 0, duplicates: 0, unknown: 0, orphanPreviews: 0 };

  constructor(db: Snapshot, load: SoakLoad, telegram: FakeTelegram) {
    this.#db = db;
    this.#load = load;
    this.#telegram = telegram;
    this.#turns = new Map(db.turns.map((turn) => [turn.id, turn]));
  }

  findings(): SoakFindings {
    return { ...this.#count, messages: this.#load.said.length + this.#load.asked.length, problems: this.#problems };
  }

  /** Every message that was said is in the inbox exactly once and its turn has ended; nothing else is there. */
  messages(): void {
    const rows = Map.groupBy(this.#db.inbox, (row) => row.key);
    const expected = [...this.#load.said.map((one) => one.key), ...this.#load.asked.map((one) => `idem:${one.idempotencyKey}`)];
    for (const key of expected) {
      const found = rows.get(key) ?? [];
      const turn = this.#turns.get(found[0]?.turn_id ?? "");
      if (found.length > 1) this.#wrong("duplicates", `${key} is ${found.length} times in the inbox`);
      else if (found.length === 0) this.#wrong("lost", `${key} is not in the inbox`);
      else if (turn === undefined || !ENDED.has(turn.status)) this.#wrong("lost", `the turn of ${key} is ${turn?.status ?? "not there"}`);
      else if (turn.status === "done") this.#count.answered += 1;
      else if (turn.status === "failed" && turn.attempts > 4) this.#count.deadLettered += 1;
      else this.#wrong("lost", `the turn of ${key} ended ${turn.status} after ${turn.attempts} starts`);
    }
    const strangers = this.#db.inbox.filter((row) => !expected.includes(row.key));
    if (strangers.length > 0) this.#problems.push(`nobody said ${strangers.map((row) => row.key).join(", ")}`);
    const byTurn = Map.groupBy(this.#db.inbox, (row) => row.turn_id);
    for (const [turn, same] of byTurn) if (same.length > 1) this.#wrong("duplicates", `turn ${turn} has ${same.length} messages`);
  }

  /** Per session: numbers without gaps; what people said in their order, each answered by its own echo before the next. */
  transcripts(): void {
    const entries = Map.groupBy(this.#db.entries, (entry) => entry.session_id);
    for (const { id, key, last_entry: last } of this.#db.sessions) {
      const own = entries.get(id) ?? [];
      if (own.length !== last || own.some((entry, index) => entry.number !== index + 1)) this.#problems.push(`entries of ${key} have gaps`);
      this.#order(key, own);
    }
  }

  #order(session: string, entries: readonly EntryRow[]): void {
    const said = this.#saidIn(session);
    const heard = entries.filter((entry) => roleOf(entry) === "user").map(textOf);
    if (JSON.stringify(heard) !== JSON.stringify(said)) this.#wrong("reordered", `${session}: heard ${firstDifference(heard, said)}`);
    const done = entries
      .filter((entry) => roleOf(entry) === "user" && this.#turns.get(entry.turn_id ?? "")?.status === "done")
      .map((entry) => `re: ${textOf(entry)}`);
    const answers = entries.filter((entry) => roleOf(entry) === "assistant").map(textOf);
    if (JSON.stringify(answers) !== JSON.stringify(done)) this.#wrong("reordered", `${session}: answered ${firstDifference(answers, done)}`);
  }

  #saidIn(session: string): string[] {
    const asked = this.#load.asked.filter((one) => one.session === session).map((one) => one.text);
    if (asked.length > 0) return asked;
    const id = this.#db.sessions.find((one) => one.key === session)?.id;
    const keys = new Set(this.#db.inbox.filter((row) => row.session_id === id).map((row) => row.key));
    // The inbox says which chat the session is; the order is the people's own.
    const chat = this.#load.said.find((one) => keys.has(one.key))?.chat;
    return this.#load.said.filter((one) => one.chat === chat).map((one) => one.text);
  }

  /** Each answer has a delivery; it stands in its chat once, or its delivery is in doubt; answers stand in the order of their turns. */
  deliveries(): void {
    const parts = Map.groupBy(this.#db.parts, (part) => part.delivery_id);
    const byTurn = Map.groupBy(
      this.#db.deliveries.filter((delivery) => delivery.turn_id !== null && delivery.status !== "cancelled"),
      (delivery) => delivery.turn_id,
    );
    const places = new Map<string, number[]>();
    for (const row of this.#db.inbox.filter((one) => one.channel === "telegram")) {
      const own = byTurn.get(row.turn_id) ?? [];
      const [delivery] = own;
      if (own.length !== 1 || delivery === undefined) {
        this.#problems.push(`turn ${row.turn_id} of ${row.key} has ${own.length} deliveries`);
        continue;
      }
      if (delivery.status === "unknown") this.#count.unknown += 1;
      else if (delivery.status !== "sent") this.#wrong("lost", `delivery ${delivery.id} of ${row.key} is ${delivery.status}`);
      for (const part of parts.get(delivery.id) ?? []) {
        const text = JSON.parse(part.text) as string;
        // Two dead letters of one chat read the same; two answers never do, for each repeats its own message.
        if (this.#turns.get(row.turn_id ?? "")?.status === "done") this.#finals.add(`${delivery.conversation} ${text}`);
        if (part.status !== "sent") continue;
        const id = Number((JSON.parse(part.receipt ?? "{}") as { messageId?: string }).messageId);
        const shown = this.#telegram.messages(delivery.conversation).find(({ message }) => message.message_id === id);
        if (shown?.message.text !== text)
          this.#wrong("lost", `${delivery.conversation} shows ${JSON.stringify(shown?.message.text)} instead of ${JSON.stringify(text)}`);
        places.set(delivery.conversation, [...(places.get(delivery.conversation) ?? []), id]);
      }
    }
    for (const [chat, ids] of places) {
      const wrong = ids.findIndex((id, index) => index > 0 && id < ids[index - 1]!);
      if (wrong >= 0) this.#wrong("reordered", `chat ${chat}: the ${wrong + 1}th answer stands above the one before it`);
    }
    const known = new Set(this.#db.parts.map((part) => (JSON.parse(part.receipt ?? "{}") as { messageId?: string }).messageId));
    for (const chat of new Set(this.#load.said.map((one) => one.chat)))
      for (const { byBot, message } of this.#telegram.messages(chat)) {
        if (byBot && !known.has(String(message.message_id)) && !this.#finals.has(`${chat} ${message.text}`)) this.#count.orphanPreviews += 1;
      }
  }

  /** The same idempotency key always gave the same ids: those of its one row. */
  api(): void {
    const rows = new Map(this.#db.inbox.map((row) => [row.key, row]));
    for (const { idempotencyKey, ids } of this.#load.asked) {
      const row = rows.get(`idem:${idempotencyKey}`);
      const different = new Set([...ids, `${row?.id} ${row?.turn_id}`]);
      if (different.size !== 1) this.#wrong("duplicates", `${idempotencyKey} was answered with ${[...different].join(" and ")}`);
    }
  }

  platform(): void {
    for (const { chat, text, times } of this.#telegram.repeats())
      if (this.#finals.has(`${chat} ${text}`)) this.#wrong("duplicates", `chat ${chat} got ${times} times ${text}`);
    this.#problems.push(...this.#telegram.violations);
    if (this.#telegram.simultaneousPolls > 0) this.#problems.push(`${this.#telegram.simultaneousPolls} polls came while another was open`);
    if (this.#telegram.pending.length > 0) this.#problems.push(`${this.#telegram.pending.length} updates were never confirmed`);
    if (this.#db.integrity !== "ok") this.#problems.push(`integrity: ${this.#db.integrity}`);
  }

  #wrong(count: "lost" | "reordered" | "duplicates", problem: string): void {
    this.#count[count] += 1;
    this.#problems.push(problem);
  }
}

interface Content {
  readonly role: string;
  readonly message?: { readonly parts: readonly { readonly text?: string }[] };
  readonly parts?: readonly { readonly type: string; readonly text?: string }[];
}

function roleOf({ content }: EntryRow): string {
  return (JSON.parse(content) as Content).role;
}

function textOf({ content }: EntryRow): string {
  const { message, parts } = JSON.parse(content) as Content;
  return (message?.parts ?? parts ?? []).map((part) => part.text ?? "").join("");
}

function firstDifference(left: readonly string[], right: readonly string[]): string {
  const index = left.findIndex((text, at) => text !== right[at]);
  const at = index < 0 ? left.length : index;
  return `${JSON.stringify(left[at])} where ${JSON.stringify(right[at])} was due (${left.length} of ${right.length})`;
}
