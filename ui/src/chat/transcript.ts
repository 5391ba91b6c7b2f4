/**
 * What one conversation shows, worked out from three sources: stored entries (the truth), running turns (live only) and messages on their way.
 * Pure: no DOM, no socket.
 */
import type { WireEntry, WireRunningTurn } from "../connection/wire.ts";

export interface ToolLine {
  readonly id: string;
  readonly name: string;
  readonly state: "running" | "done" | "failed" | "denied";
}

export interface FileLine {
  readonly name: string;
  readonly type: string;
  /** Media id, when the gateway has the bytes. */
  readonly id?: string | undefined;
}

export interface Problem {
  readonly message: string;
  readonly hint?: string | undefined;
}

export type Line =
  | {
      readonly kind: "user";
      readonly id: string;
      readonly text: string;
      readonly files: readonly FileLine[];
      readonly at: number;
      /** Where it came from, when that is not this page. */
      readonly from?: string | undefined;
      readonly state: "stored" | "sending" | "failed";
      readonly problem?: Problem | undefined;
    }
  | {
      readonly kind: "assistant";
      readonly id: string;
      readonly text: string;
      readonly tools: readonly ToolLine[];
      readonly at: number;
      readonly state: "waiting" | "running" | "done" | "cancelled" | "failed";
      /** A waiting turn is not tried before this wall time. */
      readonly notBefore?: number | undefined;
      /** Why it waits, when it is not for its turn. */
      readonly waitsFor?: "model" | "owner" | undefined;
      readonly problem?: Problem | undefined;
    }
  | { readonly kind: "notice"; readonly id: string; readonly text: string };

interface Outgoing {
  readonly kind: "outgoing";
  readonly key: string;
  readonly text: string;
  readonly files: readonly FileLine[];
  readonly at: number;
  readonly from?: string | undefined;
  messageId?: string | undefined;
  state: "stored" | "sending" | "failed";
  problem?: Problem | undefined;
}

interface Running {
  readonly kind: "running";
  readonly turnId: string;
  text: string;
  readonly tools: Map<string, ToolLine>;
  readonly at: number;
  state: "waiting" | "running" | "done" | "cancelled" | "failed";
  notBefore?: number | undefined;
  waitsFor?: "model" | "owner" | undefined;
  problem?: Problem | undefined;
}

interface Notice {
  readonly kind: "notice";
  readonly key: string;
  readonly text: string;
}

interface Queued {
  /** Wall time before which it is not tried (the model is away, or a batch is collected). */
  readonly not_before?: number | undefined;
  readonly reason?: string | undefined;
}

/** Things that are not stored entries, in the order in which they came up. */
type Live = Outgoing | Running | Notice;

export class Transcript {
  readonly #entries = new Map<number, WireEntry>();
  #live: Live[] = [];
  /** Failures of ended turns: they are told by the event and stand in no entry. */
  readonly #problems = new Map<string, Problem>();
  #order: number[] = [];

  /** Number of the newest stored entry, 0 when there is none. */
  get newest(): number {
    return this.#order.at(-1) ?? 0;
  }

  get oldest(): number {
    return this.#order[0] ?? 0;
  }

  /** The turn that a stop button would stop. */
  get runningTurn(): string | undefined {
    const turn = this.#live.findLast((item) => item.kind === "running" && (item.state === "running" || item.state === "waiting"));
    return turn?.kind === "running" ? turn.turnId : undefined;
  }

  /** Stored entries, any page of them. What they hold takes the place of what was live. */
  store(entries: readonly WireEntry[]): void {
    for (const entry of entries) this.#entries.set(entry.number, entry);
    this.#order = [...this.#entries.keys()].toSorted((a, b) => a - b);
    const stored = new Set(entries.map((entry) => entry.message_id));
    const ended = (item: Live) => item.kind === "running" && item.state !== "running" && item.state !== "waiting";
    const answered = new Set([...this.#entries.values()].flatMap((entry) => (entry.role === "user" ? [] : [entry.turn_id])));
    this.#live = this.#live.filter((item) => {
      if (item.kind === "outgoing") return item.messageId === undefined || !stored.has(item.messageId);
      // An ended turn stands as it was until its entries are there; one that was stopped before it said anything has none.
      return item.kind === "notice" || !ended(item) || !answered.has(item.turnId);
    });
  }

  /** A message of this page, on its way. */
  send(key: string, text: string, files: readonly FileLine[], at: number): void {
    this.#live.push({ kind: "outgoing", key, text, files, at, state: "sending" });
  }

  sent(key: string, messageId: string): void {
    const already = [...this.#entries.values()].some((entry) => entry.message_id === messageId);
    // Its event may have come first.
    this.#live = this.#live.filter((item) => item.kind !== "outgoing" || item.key === key || item.messageId !== messageId);
    if (already) this.#live = this.#live.filter((item) => item.kind !== "outgoing" || item.key !== key);
    for (const item of this.#live) if (item.kind === "outgoing" && item.key === key) Object.assign(item, { messageId, state: "stored" });
  }

  unsent(key: string, problem: Problem): void {
    for (const item of this.#live) if (item.kind === "outgoing" && item.key === key) Object.assign(item, { state: "failed", problem });
  }

  dismiss(key: string): void {
    this.#live = this.#live.filter((item) => item.kind === "running" || item.key !== key);
  }

  /** Event message.accepted: ours, or one that came in by another client or channel. */
  accepted(message: { message_id: string; text: string; channel: string; sender?: string | undefined; at: number }): void {
    const known = this.#live.some((item) => item.kind === "outgoing" && item.messageId === message.message_id);
    if (known || [...this.#entries.values()].some((entry) => entry.message_id === message.message_id)) return;
    const ours = this.#live.find((item) => item.kind === "outgoing" && item.state === "sending" && item.messageId === undefined && item.text === message.text);
    if (ours?.kind === "outgoing") {
      ours.messageId = message.message_id;
      return;
    }
    const from = message.channel === "web" ? undefined : [message.sender, message.channel].filter(Boolean).join(" · ");
    this.#live.push({
      kind: "outgoing",
      key: message.message_id,
      text: message.text,
      files: [],
      at: message.at,
      from,
      messageId: message.message_id,
      state: "stored",
    });
  }

  /** The running turns of this conversation as the gateway knows them now; others are over. */
  snapshot(turns: readonly WireRunningTurn[], at: number): void {
    const running = new Set(turns.map((turn) => turn.turn_id));
    this.#live = this.#live.filter((item) => item.kind !== "running" || running.has(item.turnId) || item.problem !== undefined);
    for (const turn of turns) {
      const item = this.#turn(turn.turn_id, at);
      item.text = turn.text;
      if (item.state === "waiting") item.state = "running";
      for (const tool of turn.tools) item.tools.set(tool.call_id, { id: tool.call_id, name: tool.name, state: toolState(tool.state, false) });
    }
  }

  /** @param why from a list, which an event may have overtaken: a turn that runs by now goes on running. */
  queued(turnId: string, at: number, why: Queued = {}): void {
    const item = this.#turn(turnId, at);
    if (item.state === "waiting") Object.assign(item, waiting(why));
  }

  /** Event turn.queued: it waits, also if it had begun. */
  requeued(turnId: string, at: number, why: Queued): void {
    Object.assign(this.#turn(turnId, at), { state: "waiting", ...waiting(why) });
  }

  started(turnId: string, at: number): void {
    this.#turn(turnId, at).state = "running";
  }

  /** Event approval.asked: a question of its is open. */
  asked(turnId: string, at: number): void {
    Object.assign(this.#turn(turnId, at), { state: "waiting", notBefore: undefined, waitsFor: "owner" });
  }

  /** Text that replaces everything from `offset` (UTF-16 units) on. */
  delta(turnId: string, offset: number, text: string, at: number): void {
    const item = this.#turn(turnId, at);
    item.state = "running";
    item.text = item.text.slice(0, offset) + text;
  }

  tool(turnId: string, call: { call_id: string; name: string; state: string; error?: boolean | undefined }, at: number): void {
    this.#turn(turnId, at).tools.set(call.call_id, { id: call.call_id, name: call.name, state: toolState(call.state, call.error === true) });
  }

  ended(turnId: string, end: { outcome: "done" | "failed" | "cancelled"; text: string; error?: Problem | undefined }, at: number): void {
    const item = this.#turn(turnId, at);
    item.state = end.outcome;
    if (end.text !== "") item.text = end.text;
    if (end.error !== undefined) {
      item.problem = end.error;
      this.#problems.set(turnId, end.error);
    }
  }

  notice(text: string, key: string): void {
    this.#live.push({ kind: "notice", key, text });
  }

  lines(): Line[] {
    const running = new Set(this.#live.flatMap((item) => (item.kind === "running" ? [item.turnId] : [])));
    const lines: Line[] = [];
    for (const number of this.#order) {
      const entry = this.#entries.get(number);
      if (entry === undefined) continue;
      // A running turn's committed steps are part of its live text.
      if (entry.role !== "user" && entry.turn_id !== undefined && running.has(entry.turn_id)) continue;
      this.#append(lines, entry);
    }
    return [...lines, ...this.#live.map(liveLine)];
  }

  #turn(turnId: string, at: number): Running {
    const found = this.#live.find((item) => item.kind === "running" && item.turnId === turnId);
    if (found?.kind === "running") return found;
    const item: Running = { kind: "running", turnId, text: "", tools: new Map(), at, state: "waiting" };
    this.#live.push(item);
    return item;
  }

  /** All steps of one turn are one answer. */
  #append(lines: Line[], entry: WireEntry): void {
    if (entry.role === "user") {
      const from = entry.channel === undefined || entry.channel === "web" ? undefined : [entry.sender, entry.channel].filter(Boolean).join(" · ");
      lines.push({ kind: "user", id: `e${entry.number}`, text: entry.text, files: (entry.media ?? []).map(toFile), at: entry.at, from, state: "stored" });
      return;
    }
    if (entry.role === "system") {
      lines.push({ kind: "notice", id: `e${entry.number}`, text: entry.text });
      return;
    }
    const last = lines.at(-1);
    const id = `t${entry.turn_id ?? entry.number}`;
    const same = last?.kind === "assistant" && last.id === id ? last : undefined;
    if (entry.role === "tool") {
      if (same === undefined) return;
      const tools = same.tools.map((tool): ToolLine => (tool.id === entry.call_id ? { ...tool, state: entry.error === true ? "failed" : "done" } : tool));
      lines[lines.length - 1] = { ...same, tools };
      return;
    }
    const calls = (entry.calls ?? []).map((call): ToolLine => ({ id: call.call_id, name: call.name, state: "done" }));
    const state = entry.stop === "cancelled" || entry.stop === "failed" ? entry.stop : "done";
    const problem = entry.turn_id === undefined ? undefined : this.#problems.get(entry.turn_id);
    if (same === undefined) lines.push({ kind: "assistant", id, text: entry.text, tools: calls, at: entry.at, state, problem });
    else
      lines[lines.length - 1] = {
        ...same,
        text: [same.text, entry.text].filter((text) => text !== "").join("\n\n"),
        tools: [...same.tools, ...calls],
        state,
        problem,
      };
  }
}

function waiting({ not_before, reason }: Queued): Pick<Running, "notBefore" | "waitsFor"> {
  return { notBefore: not_before, waitsFor: reason === "model_away" ? "model" : undefined };
}

function toFile(media: NonNullable<WireEntry["media"]>[number]): FileLine {
  return { name: media.name ?? media.kind, type: media.type ?? "", id: media.media_id };
}

function liveLine(item: Live): Line {
  if (item.kind === "notice") return { kind: "notice", id: item.key, text: item.text };
  if (item.kind === "outgoing") {
    const { key, text, files, at, from, state, problem } = item;
    return { kind: "user", id: key, text, files, at, from, state, problem };
  }
  const { turnId, text, tools, at, state, notBefore, waitsFor, problem } = item;
  return { kind: "assistant", id: `t${turnId}`, text, tools: [...tools.values()], at, state, notBefore, waitsFor, problem };
}

function toolState(state: string, error: boolean): ToolLine["state"] {
  if (state === "denied") return "denied";
  if (state === "finished") return error ? "failed" : "done";
  return "running";
}
