import type { Turn } from "../core/records.ts";
import { noUsage } from "../core/model.ts";
import type { GatewayDeps } from "./deps.ts";
import type { TurnEvent } from "./hub/create-hub.ts";
import { notFound, type TurnResult } from "./methods/schemas.ts";

export interface Wait {
  /** Followed through turn.moved. */
  readonly messageId: string;
  /** The turn expected to answer it, when the caller knows. */
  readonly turnId?: string | undefined;
  /** Milliseconds; undefined = until it ends. */
  readonly timeoutMs?: number | undefined;
  /** Aborting ends the wait with outcome `running`; the turn goes on. */
  readonly signal: AbortSignal;
  /** The whole text so far, each time it has changed. */
  readonly onText?: (text: string) => void;
}

const POLL_MS = 5_000;

/**
 * Waits until the turn that answers a message has ended. Events are only hints: the store is read after each listener is in place, after a hint, and every 5 s.
 * @throws RequestError `message_not_found`
 */
export async function waitForTurn(deps: GatewayDeps, wait: Wait): Promise<TurnResult> {
  const { clock, hub } = deps;
  const deadline = wait.timeoutMs === undefined ? Infinity : clock.monotonic() + wait.timeoutMs;
  let turnId = wait.turnId ?? (await currentTurn(deps, wait.messageId)).id;
  for (;;) {
    const ended = await listenUntil(deps, wait, { turnId, ms: Math.min(POLL_MS, deadline - clock.monotonic()) });
    if (ended !== undefined) return ended;
    const turn = await currentTurn(deps, wait.messageId);
    if (isOver(turn)) return finished(deps, turn, wait.messageId);
    if (wait.signal.aborted || clock.monotonic() >= deadline) {
      return { turn_id: turn.id, message_id: wait.messageId, session: turn.sessionKey, outcome: "running", text: hub.textOf(turn.id) ?? "", usage: turn.usage };
    }
    turnId = turn.id;
  }
}

/** Resolves with the result when turn.ended comes by, or with nothing when it is time to look at the store. */
function listenUntil(deps: GatewayDeps, wait: Wait, round: { turnId: string; ms: number }): Promise<TurnResult | undefined> {
  const { hub, clock } = deps;
  const { turnId } = round;
  return new Promise((resolve, reject) => {
    const finish = (result?: TurnResult) => {
      unlisten();
      cancel();
      wait.signal.removeEventListener("abort", onAbort);
      resolve(result);
    };
    const onAbort = () => finish();
    const onEvent = (event: TurnEvent) => {
      if (event.event === "turn.delta") wait.onText?.(hub.textOf(turnId) ?? "");
      else if (event.event === "turn.moved" && event.payload.message_id === wait.messageId) finish();
      else if (event.event === "turn.ended") {
        const { outcome, text, usage, error } = event.payload;
        // A cancelled turn may have been superseded by another one that answers the message: the store knows.
        if (outcome === "cancelled") return finish();
        finish({ turn_id: turnId, message_id: wait.messageId, session: event.session, outcome, text, usage, ...(error === undefined ? {} : { error }) });
      }
    };
    const unlisten = hub.listenTurn(turnId, onEvent);
    const cancel = clock.timer(wait.signal.aborted ? 0 : Math.max(0, round.ms), () => finish());
    wait.signal.addEventListener("abort", onAbort, { once: true });
    const soFar = hub.textOf(turnId);
    if (soFar !== undefined && soFar !== "") wait.onText?.(soFar);
    // Running at this moment: its end is still to come, and the listener is there.
    if (soFar !== undefined) return;
    // It may have ended before the listener was there; then no event comes any more.
    currentTurn(deps, wait.messageId).then(
      (turn) => {
        if (isOver(turn) || turn.id !== turnId) finish();
      },
      (error: unknown) => {
        reject(error);
        finish();
      },
    );
  });
}

function isOver(turn: Turn): boolean {
  return turn.status === "done" || turn.status === "failed" || turn.status === "cancelled";
}

async function currentTurn(deps: GatewayDeps, messageId: string): Promise<Turn> {
  let turn = await deps.store.turnOfMessage({ messageId });
  if (turn === undefined) throw notFound("message", messageId);
  for (let hops = 0; turn.supersededBy !== undefined && hops < 100; hops++) {
    const next: Turn | undefined = await deps.store.getTurn({ id: turn.supersededBy });
    if (next === undefined) break;
    turn = next;
  }
  return turn;
}

async function finished(deps: GatewayDeps, turn: Turn, messageId: string): Promise<TurnResult> {
  const outcome = turn.status === "done" || turn.status === "failed" ? turn.status : "cancelled";
  const base = {
    turn_id: turn.id,
    message_id: messageId,
    session: turn.sessionKey,
    outcome,
    text: await answerText(deps, turn),
    usage: turn.usage ?? noUsage,
  } as const;
  return turn.error === undefined ? base : { ...base, error: turn.error };
}

/** What the person was answered, from the transcript. */
async function answerText(deps: GatewayDeps, turn: Turn): Promise<string> {
  if (turn.answerEntry === undefined) return "";
  const [entry] = await deps.store.readEntries({ sessionId: turn.sessionId, after: turn.answerEntry - 1, limit: 1 });
  const content = entry?.content;
  if (content?.role === "assistant") return content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  return content?.role === "system" ? content.text : "";
}
