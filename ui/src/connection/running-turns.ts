import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { GatewayEvent } from "./gateway-event.ts";
import type { WireRunningTurn } from "./wire.ts";

/** Every turn that runs now, with its text so far: a conversation that is opened in the middle of an answer starts from it. */
export interface RunningTurns {
  /** Session keys. */
  readonly sessions: ReadonlySignal<ReadonlySet<string>>;
  list(): readonly WireRunningTurn[];
  reset(turns: readonly WireRunningTurn[]): void;
  handle(event: GatewayEvent): void;
}

export function createRunningTurns(): RunningTurns {
  const turns = new Map<string, WireRunningTurn>();
  const keys = signal("");
  const touch = () => (keys.value = [...new Set([...turns.values()].map((turn) => turn.session))].toSorted().join("\n"));
  const get = (turnId: string, session: string): WireRunningTurn => turns.get(turnId) ?? { turn_id: turnId, session, text: "", tools: [] };
  return {
    sessions: computed(() => new Set(keys.value.split("\n").filter((key) => key !== ""))),
    list: () => [...turns.values()],
    reset(running) {
      turns.clear();
      for (const turn of running) turns.set(turn.turn_id, turn);
      touch();
    },
    handle(event) {
      if (event.session === undefined) return;
      if (event.event === "turn.started") turns.set(event.payload.turn_id, get(event.payload.turn_id, event.session));
      else if (event.event === "turn.ended" || event.event === "turn.queued") turns.delete(event.payload.turn_id);
      else if (event.event === "turn.delta") {
        const { turn_id, offset, text } = event.payload;
        const turn = get(turn_id, event.session);
        turns.set(turn_id, { ...turn, text: turn.text.slice(0, offset) + text });
        return;
      } else if (event.event === "turn.tool") {
        const { turn_id, call_id, name, state } = event.payload;
        const turn = get(turn_id, event.session);
        turns.set(turn_id, { ...turn, tools: [...turn.tools.filter((tool) => tool.call_id !== call_id), { call_id, name, state }] });
        return;
      } else return;
      touch();
    },
  };
}
