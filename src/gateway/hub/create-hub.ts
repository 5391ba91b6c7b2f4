import type { Clock } from "../../core/clock.ts";
import type { Event, Hub } from "../../core/event.ts";
import type { Log } from "../../core/log.ts";
import { createEventRing, type HubRecord } from "./event-ring.ts";
import { createRunningTurns, type TurnSnapshot } from "./running-turns.ts";

type Delta = Extract<Event, { event: "turn.delta" }>;
export type TurnEvent = Extract<Event, { event: "turn.started" | "turn.delta" | "turn.moved" | "turn.ended" | "turn.tool" | "turn.step" }>;

/** The hub as the gateway reads it. */
export interface EventHub extends Hub {
  /** Number of the newest event. */
  readonly seq: number;
  /** Called with every event at once, in order. Must return quickly. @returns the function that ends it. */
  listen(listener: (record: HubRecord) => void): () => void;
  /** Only the events of one turn. */
  listenTurn(turnId: string, listener: (event: TurnEvent) => void): () => void;
  /** The first kept event above `seq`. */
  after(seq: number): HubRecord | undefined;
  /** Whether everything above `seq` is still kept. */
  covers(seq: number): boolean;
  /** Running turns as of `seq`. */
  turns(): TurnSnapshot[];
  textOf(turnId: string): string | undefined;
}

const MERGE_MS = 25;
const BOOT_FACTOR = 2 ** 36;

/** Deltas of one turn that wait for their 25 ms. */
interface Window {
  pending: Delta | undefined;
  cancel: () => void;
}

/**
 * Numbers events, keeps the newest, merges deltas and hands everything on at once. Nothing here waits and nothing throws: a listener that fails is logged.
 * @param options.boot boot number of this home; numbers start above boot x 2^36 and are never used twice.
 */
export function createHub(options: { clock: Clock; boot: number; log: Log }): EventHub {
  const { clock, log } = options;
  const ring = createEventRing();
  const turns = createRunningTurns();
  const listeners = new Set<(record: HubRecord) => void>();
  const turnListeners = new Map<string, Set<(event: TurnEvent) => void>>();
  const windows = new Map<string, Window>();
  let seq = options.boot * BOOT_FACTOR;

  const guarded = <T>(listener: (value: T) => void, value: T) => {
    try {
      listener(value);
    } catch (error) {
      log.error("an event listener failed", { error: String(error) });
    }
  };

  const emit = (event: Event) => {
    const session = "session" in event ? event.session : undefined;
    const number = seq + 1;
    const json = JSON.stringify({ jsonrpc: "2.0", method: "event", params: { event: event.event, seq: number, session, payload: event.payload } });
    seq = number;
    const record: HubRecord = { seq: number, name: event.event, session, json };
    ring.add(record);
    turns.apply(event);
    for (const listener of listeners) guarded(listener, record);
    const watched = turnListeners.get(turnIdOf(event) ?? "");
    if (watched !== undefined) for (const listener of watched) guarded(listener, event as TurnEvent);
  };

  const flush = (turnId: string) => {
    const window = windows.get(turnId);
    if (window === undefined) return;
    window.cancel();
    windows.delete(turnId);
    if (window.pending !== undefined) emit(window.pending);
  };

  const openWindow = (turnId: string) => {
    const window: Window = { pending: undefined, cancel: () => {} };
    window.cancel = clock.timer(MERGE_MS, () => {
      windows.delete(turnId);
      if (window.pending === undefined) return;
      openWindow(turnId);
      emitSafely(window.pending);
    });
    windows.set(turnId, window);
  };

  const emitSafely = (event: Event) => {
    try {
      emit(event);
    } catch (error) {
      log.error("an event could not be published", { event: event.event, error: String(error) });
    }
  };

  const publishDelta = (delta: Delta) => {
    const { turn_id, offset, text } = delta.payload;
    const window = windows.get(turn_id);
    if (window === undefined) {
      openWindow(turn_id);
      return emit(delta);
    }
    const pending = window.pending?.payload;
    if (pending === undefined) window.pending = delta;
    else if (offset >= pending.offset && offset <= pending.offset + pending.text.length) {
      // An overlap means that the writer began again from `offset`.
      window.pending = { ...delta, payload: { turn_id, offset: pending.offset, text: pending.text.slice(0, offset - pending.offset) + text } };
    } else if (offset < pending.offset) window.pending = delta;
    else {
      emit(window.pending!);
      window.pending = delta;
    }
  };

  const publish = (event: Event) => {
    try {
      if (event.event === "turn.delta") return publishDelta(event);
      const turnId = turnIdOf(event);
      if (turnId !== undefined) flush(turnId);
      emit(event);
    } catch (error) {
      log.error("an event could not be published", { event: event.event, error: String(error) });
    }
  };

  return {
    get seq() {
      return seq;
    },
    publish,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listenTurn(turnId, listener) {
      const set = turnListeners.get(turnId) ?? new Set();
      turnListeners.set(turnId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && turnListeners.get(turnId) === set) turnListeners.delete(turnId);
      };
    },
    after: (from) => ring.after(from),
    covers: (from) => from <= seq && (from === seq || (ring.oldest !== undefined && from >= ring.oldest - 1)),
    turns: () => turns.list(),
    textOf: (turnId) => turns.text(turnId),
  };
}

/** The turn an event belongs to; a moved message belongs to the turn it left. */
function turnIdOf(event: Event): string | undefined {
  if (event.event === "turn.moved") return event.payload.from;
  return event.event.startsWith("turn.") ? (event.payload as { turn_id: string }).turn_id : undefined;
}
