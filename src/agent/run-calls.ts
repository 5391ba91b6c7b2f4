import { sleep, type Clock } from "../core/clock.ts";
import type { EntryContent, ToolCallPart } from "../core/entry.ts";
import { Aborted, linkedController, race } from "./race.ts";

export type ToolEntry = Extract<EntryContent, { role: "tool" }>;

/** How long an abort waits for calls to record their end before it leaves them behind. */
const ABORT_GRACE_MS = 500;

export interface RunCallsInput {
  readonly calls: readonly ToolCallPart[];
  /** All at once, else one after the other. */
  readonly parallel: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  callTool(call: ToolCallPart, signal: AbortSignal): Promise<ToolEntry | "waiting">;
  onStart(call: ToolCallPart): void;
  onResult(result: ToolEntry): void;
}

/**
 * Runs the calls of one step and answers their results in the order of the calls; undefined when one of them waits for a person (one after the other: then those behind it
 * have not begun).
 * @throws Aborted at most 500 ms after `signal` aborts, even if a tool never ends; whatever `callTool` throws (lease_lost), after telling the others to stop.
 */
export async function runCalls(input: RunCallsInput): Promise<ToolEntry[] | undefined> {
  const { controller, unlink } = linkedController(input.signal);
  const one = async (call: ToolCallPart): Promise<ToolEntry | "waiting"> => {
    // After an abort a call that has not begun is only recorded as not run.
    const late = controller.signal.aborted && call.invalid === undefined;
    if (!late) input.onStart(call);
    const result = await input.callTool(late ? { ...call, invalid: "not run: the turn was stopped before" } : call, controller.signal);
    if (!late && result !== "waiting") input.onResult(result);
    return result;
  };
  const all = input.parallel ? Promise.all(input.calls.map(one)) : inOrder(input.calls, one);
  try {
    const results = await race(all, input.signal);
    return results.every((result) => result !== "waiting") ? results : undefined;
  } catch (thrown) {
    controller.abort();
    if (!(thrown instanceof Aborted)) throw thrown;
    await Promise.race([all, grace(input.clock, all)]);
    throw thrown;
  } finally {
    unlink();
  }
}

async function inOrder<T>(calls: readonly ToolCallPart[], one: (call: ToolCallPart) => Promise<T | "waiting">): Promise<(T | "waiting")[]> {
  const results: (T | "waiting")[] = [];
  for (const call of calls) {
    results.push(await one(call));
    if (results.at(-1) === "waiting") break;
  }
  return results;
}

/** Ends with the work or after the grace, whichever is first, and leaves no timer behind. */
async function grace(clock: Clock, work: Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  work.then(
    () => stop.abort(),
    () => stop.abort(),
  );
  await sleep(clock, ABORT_GRACE_MS, stop.signal);
}
