/**
 * Hall, end of step 3: turns what the agent answered into the last commit: answer, deliveries, usage and inbox-done together, or a postponement.
 * What must stay true: exactly one terminal state per turn, and a person who waits is always told something.
 */
import type { AgentResult } from "../agent/loop.ts";
import { ModelError, toClankerError, type ClankerError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { EntryContent, NewEntry, StopReason } from "../core/entry.ts";
import type { Hub, TurnOutcome } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import { textMessage } from "../core/message.ts";
import type { Metrics } from "../core/metrics.ts";
import { addUsage, noUsage, type Usage } from "../core/model.ts";
import { newId, type Random } from "../core/random.ts";
import type { Turn } from "../core/records.ts";
import type { NewDelivery, StartedTurn, Store } from "../core/store.ts";
import { estimateEntry } from "../agent/tokens.ts";
import type { Channels } from "./channels.ts";
import type { RunningTurn } from "./lanes.ts";
import type { LiveAnswer } from "./live-answer.ts";
import type { Notify } from "./notify.ts";
import type { Approvals } from "./approvals.ts";
import type { Places } from "./place.ts";
import { mayAnswerThere, type TurnLabel } from "./turn-label.ts";
import type { RecentEntries } from "./recent-entries.ts";
import type { SubAgents } from "./sub-agents.ts";

export interface EndDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly channels: Channels;
  readonly notify: Notify;
  readonly approvals: Approvals;
  readonly label: TurnLabel;
  readonly places: Places;
  readonly recent: RecentEntries;
  readonly subAgents: Pick<SubAgents, "ended">;
  readonly leaseMs: number;
  readonly deliveryTtlMs: number;
}

export type Ending =
  | { readonly kind: "result"; readonly result: AgentResult; readonly contextStart: number; readonly outageMs: number }
  /** Too many attempts: the dead-letter list. */
  | { readonly kind: "dead"; readonly error: NonNullable<Turn["error"]> }
  | { readonly kind: "error"; readonly error: ClankerError }
  | { readonly kind: "stopped" };

/** Pauses before the retries of a turn that failed in our own handling, milliseconds. */
const RETRY_MS = [1_000, 5_000, 20_000];
const OUTAGE_PAUSE_MS = { least: 1_000, most: 300_000, unknown: 30_000 };

interface Commit {
  readonly outcome: TurnOutcome;
  /** New text of the assistant for the transcript. */
  readonly content?: EntryContent;
  /** What a messenger gets; undefined = nothing. */
  readonly say?: string;
  readonly usage: Usage;
  readonly estimate?: number;
  readonly error?: NonNullable<Turn["error"]>;
  readonly supersededBy?: string;
  readonly contextStart?: number;
}

/** @returns the lane's next turn. @throws StoreError */
export async function endTurn(ending: Ending, running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  live.stepEnds();
  if (ending.kind === "dead") return await commit({ outcome: "failed", say: explain(ending.error), usage: noUsage, error: ending.error }, running, live, deps);
  if (ending.kind === "stopped") return await endStopped("", noUsage, running, live, deps);
  if (ending.kind === "error") return await endError(ending.error, running, live, deps);
  const { result, contextStart } = ending;
  switch (result.kind) {
    case "answer": {
      const content = assistant(deps.label.said(result.parts), result.model, result.stop);
      const said = live.visible();
      const say = said !== "" ? said : result.stop === "refusal" ? "The model declined to answer that." : "(The model gave no answer.)";
      return await commit({ outcome: "done", content, say, usage: result.usage, estimate: result.estimate, contextStart }, running, live, deps);
    }
    case "cancelled":
      return await endStopped(result.text, result.usage, running, live, deps);
    case "away":
      return await endAway(result.error, ending.outageMs, running, live, deps);
    case "failed":
      return await endFailed(result.error, result.text, result.usage, running, live, deps);
    case "waiting":
      return await endWaiting(running, live, deps);
    case "calls":
      // Only stateless requests offer foreign tools.
      return await endError(toClankerError(new Error("a durable turn ended in a foreign call")), running, live, deps);
  }
}

/** A person has to answer first, or a sub-agent to end: what was said so far is sent, the asks with it, and the lane is given on. */
async function endWaiting(running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  const { turn, fence } = running;
  const draftId = await live.finish();
  const said = live.visible();
  const first = said === "" ? undefined : deliveryOf(said, running, deps, draftId);
  const deliveries = [...(first ? [first] : []), ...(await deps.approvals.deliveries(running))];
  const { waiting, moved, next } = await deps.store.suspendTurn({
    fence,
    turnId: turn.id,
    deliveries,
    movedTurnId: newId(deps.clock, deps.random),
    now: deps.clock.now(),
    leaseMs: deps.leaseMs,
  });
  publishMoved(moved, running, deps);
  for (const { address } of deliveries) deps.channels.wake(address);
  deps.log.info("turn waits", { turn: turn.id, settled: !waiting });
  return next;
}

async function endStopped(text: string, usage: Usage, running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  const cause = running.cause() ?? { kind: "user" as const };
  if (cause.kind === "lost") return undefined;
  if (cause.kind === "shutdown") {
    await live.finish();
    await deps.store.postponeTurn({ fence: running.fence, turnId: running.turn.id, notBefore: 0, outage: false, handover: true, now: deps.clock.now() });
    return undefined;
  }
  const content = text === "" ? undefined : assistant(deps.label.said([{ type: "text", text }]), running.turn.options.model ?? "", "cancelled");
  const supersededBy = cause.kind === "interrupt" ? { supersededBy: cause.by } : {};
  const say = live.visible() === "" ? {} : { say: `${live.visible()} …` };
  return await commit({ outcome: "cancelled", ...(content && { content }), ...say, usage, ...supersededBy }, running, live, deps);
}

/** Every model is away: no attempt is used up; the turn waits at the head of its lane, and the session is told once (P6). */
async function endAway(error: ClankerError, outageMs: number, running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  const now = deps.clock.now();
  const { turn, session, fence } = running;
  if (now - (turn.outageSince ?? now) >= outageMs) {
    const hours = Math.round(outageMs / 3600_000);
    return await endFailed(
      new ModelError("model_outage", `no model has answered for ${hours} hours: ${error.message}`, "away", { hint: "Say it again when the provider is back." }),
      "",
      noUsage,
      running,
      live,
      deps,
    );
  }
  await live.finish();
  const { least, most, unknown } = OUTAGE_PAUSE_MS;
  const pause = Math.min(most, Math.max(least, error.retryAfterMs ?? unknown));
  const text = "The model is away at the moment. Your message is kept and will be answered when it is back.";
  const notice = deliveryAt(text, running, deps);
  const { told } = await deps.store.postponeTurn({
    fence,
    turnId: turn.id,
    notBefore: Math.ceil(now + pause),
    outage: true,
    now,
    error: { code: error.code, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) },
    ...(notice && { notice }),
  });
  deps.hub.publish({ event: "turn.queued", session: session.key, payload: { turn_id: turn.id, not_before: now + pause, reason: "model_away" } });
  if (told) {
    deps.hub.publish({ event: "notice", session: session.key, payload: { code: "model_away", text } });
  }
  // Without a notice too: another answer may have waited for the preview.
  deps.channels.wake(turn.address);
  deps.log.warn("every model is away; the turn waits", { turn: turn.id, code: error.code, error: error.message, pauseMs: pause });
  return undefined;
}

async function endFailed(
  error: ClankerError,
  text: string,
  usage: Usage,
  running: RunningTurn,
  live: LiveAnswer,
  deps: EndDeps,
): Promise<StartedTurn | undefined> {
  const failure = { code: error.code, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
  const content = text === "" ? undefined : assistant(deps.label.said([{ type: "text", text }]), "", "failed");
  const said = live.visible();
  const say = said === "" ? explain(failure) : `${said}\n\n${explain(failure)}`;
  deps.log.warn("turn failed", { turn: running.turn.id, code: error.code, error: error.message });
  return await commit({ outcome: "failed", ...(content && { content }), say, usage, error: failure }, running, live, deps);
}

async function endError(error: ClankerError, running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  const { turn, session, fence } = running;
  const pause = RETRY_MS[turn.attempts - 1];
  const failure = { code: error.code, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
  if (pause === undefined) return await commit({ outcome: "failed", say: explain(failure), usage: noUsage, error: failure }, running, live, deps);
  await live.finish();
  const now = deps.clock.now();
  const notBefore = now + Math.round(pause * (0.8 + 0.4 * deps.random.number()));
  await deps.store.postponeTurn({ fence, turnId: turn.id, notBefore, outage: false, error: failure, now });
  deps.hub.publish({ event: "turn.queued", session: session.key, payload: { turn_id: turn.id, not_before: notBefore, reason: "retry" } });
  return undefined;
}

async function commit(end: Commit, running: RunningTurn, live: LiveAnswer, deps: EndDeps): Promise<StartedTurn | undefined> {
  const { turn, session, fence } = running;
  const draftId = await live.finish();
  const now = deps.clock.now();
  const entries: NewEntry[] = end.content ? [entryOf(end.content, running, now, deps)] : [];
  // Why it failed stands in the transcript too: the page shows it, and the next turn knows.
  if (end.error) entries.push(entryOf({ role: "system", text: `The turn failed: ${end.error.message}` }, running, now, deps));
  const delivery = end.say === undefined ? undefined : deliveryOf(end.say, running, deps, draftId);
  const committed = await deps.store.commitTurn({
    fence,
    turnId: turn.id,
    outcome: end.outcome,
    entries,
    deliveries: delivery ? [delivery] : [],
    usage: end.usage,
    ...(end.estimate !== undefined && { estimate: end.estimate }),
    movedTurnId: newId(deps.clock, deps.random),
    next: true,
    now,
    leaseMs: deps.leaseMs,
    ...(end.error && { error: end.error }),
    ...(end.supersededBy !== undefined && { supersededBy: end.supersededBy }),
    ...(end.contextStart !== undefined && { contextStart: end.contextStart }),
  });
  // Without an answer too: another one may have waited for the preview.
  if (delivery ?? draftId) deps.channels.wake(turn.address);
  const [only] = entries;
  if (entries.length === 1 && committed.answerEntry !== undefined)
    deps.recent.add(session.id, [{ ...only!, sessionId: session.id, number: committed.answerEntry }]);
  publishMoved(committed.moved, running, deps);
  deps.hub.publish({
    event: "turn.ended",
    session: session.key,
    payload: {
      turn_id: turn.id,
      outcome: end.outcome,
      // Each step as it was committed and shown, so that it goes on where the deltas have ended.
      text: live.visible(),
      usage: addUsage(live.spent(), end.usage),
      ...(committed.answerEntry !== undefined && { entry: committed.answerEntry }),
      ...(end.error && { error: end.error }),
    },
  });
  count(end, deps);
  deps.subAgents.ended(turn);
  // What becomes of a task is told by whoever has handed it over.
  if (end.outcome === "failed" && turn.options.task === undefined)
    deps.notify("turn_failed", `A turn in ${session.key} failed: ${end.error?.message ?? "unknown"}`, turn.address);
  return committed.next;
}

function publishMoved(moved: readonly { messageId: string; turnId: string }[], { turn, session }: StartedTurn, { hub }: EndDeps): void {
  for (const { messageId, turnId } of moved)
    hub.publish({ event: "turn.moved", session: session.key, payload: { message_id: messageId, from: turn.id, turn_id: turnId } });
}

function count({ outcome, usage }: Commit, { metrics }: EndDeps): void {
  metrics.count("turns", { outcome });
  for (const [kind, tokens] of Object.entries(usage)) if (tokens > 0) metrics.count("tokens", { kind }, tokens);
}

function entryOf(content: EntryContent, { turn }: StartedTurn, at: number, { label }: EndDeps): NewEntry {
  return { content, principal: turn.principal, label: label.current(), tokens: estimateEntry(content), turnId: turn.id, at };
}

const WITHHELD = "I have an answer, but it rests on something private that may not be shown here. The owner can read it on the page.";

/** What the model has said, if all of what it rests on may be seen where it goes. */
function deliveryOf(said: string, running: StartedTurn, deps: EndDeps, id?: string): NewDelivery | undefined {
  return deliveryAt(mayAnswerThere(deps.label.current(), running, deps.places) ? deps.label.outgoing(said) : WITHHELD, running, deps, id);
}

/** Words of the house itself rest on nothing that was said: they are shown as they stand. */
function deliveryAt(text: string, { turn, session }: StartedTurn, deps: EndDeps, id = newId(deps.clock, deps.random)): NewDelivery | undefined {
  if (!deps.channels.delivers(turn.address)) return undefined;
  return {
    id,
    address: turn.address,
    parts: deps.channels.render(turn.address, textMessage(text)),
    sessionId: session.id,
    turnId: turn.id,
    expiresAt: deps.clock.now() + deps.deliveryTtlMs,
    ...(turn.replyTo !== undefined && { replyTo: turn.replyTo }),
  };
}

function assistant(parts: Extract<EntryContent, { role: "assistant" }>["parts"], model: string, stop: StopReason): EntryContent {
  return { role: "assistant", parts, model, stop };
}

/** What a person reads when there is no answer. */
function explain(error: NonNullable<Turn["error"]>): string {
  return `I could not answer: ${error.message}.${error.hint === undefined ? "" : ` ${error.hint}`}`.replace("..", ".");
}
