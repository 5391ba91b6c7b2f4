import type { Event } from "../../core/event.ts";

/** A running turn as `subscribe` shows it. */
export interface TurnSnapshot {
  readonly turn_id: string;
  readonly session: string;
  readonly text: string;
  readonly tools: { readonly call_id: string; readonly name: string; readonly state: string }[];
}

interface Running {
  readonly session: string;
  text: string;
  /** It is queued again; its text so far is what the next run goes on from. */
  paused: boolean;
  readonly tools: Map<string, { call_id: string; name: string; state: string }>;
}

const MAX_TURNS = 10_000;
const MAX_TEXT = 1_000_000;
const MAX_TOOLS = 200;

/** The text so far of every running turn, from turn.started to turn.ended. */
export interface RunningTurns {
  apply(event: Event): void;
  list(): TurnSnapshot[];
  text(turnId: string): string | undefined;
}

export function createRunningTurns(): RunningTurns {
  const turns = new Map<string, Running>();
  const start = (turnId: string, session: string): Running => {
    const running: Running = { session, text: "", paused: false, tools: new Map() };
    turns.set(turnId, running);
    // A turn that ended on another gateway never tells us; the oldest goes when there are too many.
    if (turns.size > MAX_TURNS) turns.delete(turns.keys().next().value!);
    return running;
  };
  return {
    apply(event) {
      if (event.event === "turn.started") {
        const known = turns.get(event.payload.turn_id);
        if (known?.paused) known.paused = false;
        else start(event.payload.turn_id, event.session);
      } else if (event.event === "turn.queued") {
        const known = turns.get(event.payload.turn_id);
        if (known) known.paused = true;
      } else if (event.event === "turn.ended") turns.delete(event.payload.turn_id);
      else if (event.event === "turn.delta") {
        const running = turns.get(event.payload.turn_id) ?? start(event.payload.turn_id, event.session);
        const { offset, text } = event.payload;
        if (offset < running.text.length) running.text = running.text.slice(0, offset);
        if (running.text.length + text.length <= MAX_TEXT) running.text += text;
      } else if (event.event === "turn.tool") {
        const { turn_id, call_id, name, state } = event.payload;
        const tools = turns.get(turn_id)?.tools;
        if (tools !== undefined && (tools.has(call_id) || tools.size < MAX_TOOLS)) tools.set(call_id, { call_id, name, state });
      }
    },
    list: () =>
      [...turns].filter(([, { paused }]) => !paused).map(([turn_id, { session, text, tools }]) => ({ turn_id, session, text, tools: [...tools.values()] })),
    text: (turnId) => turns.get(turnId)?.text,
  };
}
