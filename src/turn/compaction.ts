/**
 * Hall, beside step 3: makes a conversation that has become long shorter. Old tool output is shortened first, then the model writes a summary that stands for the oldest
 * turns. What must stay true: the transcript itself is never touched; a change is one commit, so a crash leaves the old or the new; one compaction per session at a time;
 * each one shrinks what it covers or is not made (fault-7, fault-39); the summary carries the label of all that it stands for (sec-91). It holds no lane: a turn that needs
 * the room waits for it a while and then goes on with the turns that fit.
 */
import { tokensOf, summaryTokens } from "../agent/context.ts";
import { createModelChain, type Cooldowns } from "../agent/model-chain.ts";
import { ownerRules } from "../agent/owner-rules.ts";
import { planCompaction, type CompactionPlan } from "../agent/plan-compaction.ts";
import { SUMMARY_TRIES, summaryRequest } from "../agent/summarise.ts";
import { estimateTokens } from "../agent/tokens.ts";
import { race } from "../agent/race.ts";
import type { Clock } from "../core/clock.ts";
import type { Entry } from "../core/entry.ts";
import { ClankerError, ModelError, StoreError, toClankerError } from "../core/errors.ts";
import type { Hub } from "../core/event.ts";
import { joinLabels, type Label } from "../core/label.ts";
import type { Log } from "../core/log.ts";
import type { Model, ModelRequest, Usage } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import type { Fence, Session, Summary } from "../core/records.ts";
import type { Operations, Store } from "../core/store.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { RecentEntries } from "./recent-entries.ts";
import type { Spending } from "./spending.ts";
import type { TokenCounts } from "./token-counts.ts";

export interface Compacted {
  /** `trimmed`: shortening old tool output was enough. `nothing`: there is nothing that could go. `busy`: it is under way elsewhere. */
  readonly kind: "summarised" | "trimmed" | "nothing" | "busy";
  /** Entries that the summary stands for now. */
  readonly entries: number;
  /** Estimated tokens of the conversation in a prompt. */
  readonly before: number;
  readonly after: number;
}

export interface Compaction {
  /** Joins one of the session that is under way. @throws ClankerError why it could not be done: ModelError, `summary_failed`, `budget_spent`; StoreError */
  run(sessionId: string, how: { room: number; byHand?: boolean }): Promise<Compacted>;
  /** By itself, beside the lane; what goes wrong is logged. */
  begin(sessionId: string, how: { room: number }): void;
  /** Ends what is under way and waits for it. */
  stop(): Promise<void>;
}

export interface CompactionDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recent: RecentEntries;
  readonly cooldowns: Cooldowns;
  readonly counts: TokenCounts;
  readonly spending: Spending;
  readonly agent: (name: string) => AgentSettings;
  readonly model: (id: string) => Model;
  readonly timeZone: string;
  readonly owner: string;
  readonly leaseMs: number;
}

/** Of the room for the conversation; and never more than this. */
const SUMMARY_SHARE = 0.15;
const MAX_SUMMARY_TOKENS = 2_000;
const MIN_SUMMARY_TOKENS = 100;
/** A summary has to be this much shorter than what it stands for. */
const MUST_SHRINK = 0.6;
/** Longest time of one request to the model. */
const REQUEST_MS = 120_000;
/** Compactions of one run: a conversation that came from elsewhere may need more than one. */
const MAX_ROUNDS = 3;
/** After a failure the session is left alone for so long, unless a person asks. */
const PAUSE_MS = 300_000;

export function createCompaction(deps: CompactionDeps): Compaction {
  const running = new Map<string, Promise<Compacted>>();
  /** Monotonic; sessions whose last compaction has failed. */
  const pausedUntil = new Map<string, number>();
  const stopped = new AbortController();

  const run: Compaction["run"] = (sessionId, how) => {
    const known = running.get(sessionId);
    if (known !== undefined) return known;
    const work = compact(sessionId, how, deps, stopped.signal).finally(() => running.delete(sessionId));
    running.set(sessionId, work);
    return work;
  };
  const tryRun: Compaction["run"] = async (sessionId, how) => {
    if (how.byHand !== true && deps.clock.monotonic() < (pausedUntil.get(sessionId) ?? 0))
      throw new ClankerError("summary_failed", "a summary has failed a moment ago");
    try {
      const done = await run(sessionId, how);
      pausedUntil.delete(sessionId);
      return done;
    } catch (thrown) {
      if (pausedUntil.size > 1_000) pausedUntil.clear();
      pausedUntil.set(sessionId, deps.clock.monotonic() + PAUSE_MS);
      throw thrown;
    }
  };
  return {
    run: tryRun,
    begin(sessionId, how) {
      if (stopped.signal.aborted || running.has(sessionId)) return;
      tryRun(sessionId, how).catch((thrown: unknown) => {
        const { code, message } = toClankerError(thrown);
        if (!stopped.signal.aborted) deps.log.warn("a conversation could not be summarised", { session: sessionId, code, error: message });
      });
    },
    async stop() {
      stopped.abort();
      await Promise.allSettled(running.values());
    },
  };
}

async function compact(sessionId: string, how: { room: number; byHand?: boolean }, deps: CompactionDeps, signal: AbortSignal): Promise<Compacted> {
  const fence = await deps.store.claimLease({
    lease: `compact:${sessionId}`,
    owner: deps.owner,
    now: deps.clock.now(),
    leaseMs: Math.max(deps.leaseMs, REQUEST_MS),
  });
  if (fence === undefined) return { kind: "busy", entries: 0, before: 0, after: 0 };
  try {
    let done: Compacted = { kind: "nothing", entries: 0, before: 0, after: 0 };
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const next = await compactOnce(sessionId, { ...how, byHand: how.byHand === true && round === 0 }, fence, deps, signal);
      if (next.kind === "nothing") return round === 0 ? next : done;
      done = round === 0 ? next : { ...next, before: done.before, entries: done.entries + next.entries };
    }
    return done;
  } finally {
    await deps.store.releaseLease({ fence }).catch((thrown: unknown) => deps.log.debug("the right to compact had moved", { error: String(thrown) }));
  }
}

interface Now {
  readonly session: Session;
  readonly entries: readonly Entry[];
  readonly summary: Summary | undefined;
  readonly used: number;
}

async function look(sessionId: string, deps: CompactionDeps): Promise<Now> {
  const session = await deps.store.getSession({ id: sessionId });
  if (session === undefined) throw new ClankerError("session_not_found", "the conversation was deleted meanwhile");
  const { contextStart: before, trimmedTo } = session;
  const summary = before > 1 ? await deps.store.getSummary({ sessionId, before }) : undefined;
  const entries = await deps.recent.read({ id: sessionId, contextStart: before });
  return { session, entries, summary, used: (summary?.tokens ?? 0) + tokensOf(entries, trimmedTo) };
}

async function compactOnce(
  sessionId: string,
  { room, byHand }: { room: number; byHand: boolean },
  fence: Fence,
  deps: CompactionDeps,
  signal: AbortSignal,
): Promise<Compacted> {
  const now = await look(sessionId, deps);
  const { session, entries, summary, used } = now;
  const { contextStart, trimmedTo } = session;
  const nothing: Compacted = { kind: "nothing", entries: 0, before: used, after: used };
  const plan = planCompaction({ entries, contextStart, trimmedTo, summaryTokens: summary?.tokens ?? 0, room, byHand });
  if (plan.kind === "none") return nothing;
  const written = plan.kind === "summarise" ? await summarise(plan, now, room, deps, signal) : undefined;
  const to = { contextStart: plan.kind === "summarise" ? plan.contextStart : contextStart, trimmedTo: plan.trimmedTo };
  const made = await commit({ fence, sessionId, expectedStart: contextStart, ...to, ...(written && { summary: written }), now: deps.clock.now() }, deps);
  // Somebody else has moved the start meanwhile, or words that it stands for were taken away: what was written stands for nothing any more.
  if (!made) return nothing;
  const kept = entries.filter((entry) => entry.number >= to.contextStart);
  const after = (written ?? summary)?.tokens ?? 0;
  deps.log.info("a conversation was made shorter", { session: session.key, kind: plan.kind, from: used, to: after + tokensOf(kept, to.trimmedTo) });
  deps.hub.publish({ event: "session.changed", session: session.key, payload: { key: session.key, change: "compacted" } });
  return {
    kind: written ? "summarised" : "trimmed",
    entries: plan.kind === "summarise" ? plan.covered.length : 0,
    before: used,
    after: after + tokensOf(kept, to.trimmedTo),
  };
}

/** @returns false when it may not be done any more. The lane of a turn that waits for it is another lease, and is still held. */
async function commit(change: Operations["compactContext"]["input"], { store }: CompactionDeps): Promise<boolean> {
  try {
    return await store.compactContext(change);
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === "lease_lost") return false;
    throw thrown;
  }
}

type SummarisePlan = Extract<CompactionPlan, { kind: "summarise" }>;

/** @throws ModelError when no model answers, ClankerError `summary_failed` when three tries did not come out shorter. */
async function summarise(plan: SummarisePlan, now: Now, room: number, deps: CompactionDeps, signal: AbortSignal): Promise<Omit<Summary, "sessionId">> {
  const { session, summary: before } = now;
  const agent = deps.agent(session.agent);
  const ids = agent.summaryModel === undefined ? [session.settings.model, ...agent.models] : [agent.summaryModel];
  const models = [...new Set(ids.filter((id) => id !== undefined))].map((id) => deps.model(id));
  const covered = tokensOf(plan.covered) + (before?.tokens ?? 0);
  const maxTokens = Math.max(MIN_SUMMARY_TOKENS, Math.floor(Math.min(MAX_SUMMARY_TOKENS, agent.maxTokens, room * SUMMARY_SHARE)));
  const rules = ownerRules(plan.covered, before?.rules);
  const label = plan.covered.reduce<Label>((joined, entry) => joinLabels(joined, entry.label), before?.label ?? plan.covered[0]!.label);
  const fromEntry = before?.fromEntry ?? plan.covered[0]!.number;
  for (let attempt = 0; attempt < SUMMARY_TRIES; attempt += 1) {
    const refusal = await deps.spending.refusal(session.id);
    if (refusal !== undefined) throw refusal;
    const request = summaryRequest({ before, entries: plan.covered, attempt, maxTokens, timeZone: deps.timeZone });
    // What surely does not fit is not sent.
    if (!fits(request, models[0]!, await deps.counts.ratio(models[0]!.id))) continue;
    const answer = await ask(request, models, session, deps, signal);
    if (answer === undefined || answer.text === "") continue;
    const made = { fromEntry, toEntry: plan.contextStart - 1, text: answer.text, rules, label, model: answer.model, at: deps.clock.now() };
    const tokens = summaryTokens(made);
    if (tokens <= Math.max(MIN_SUMMARY_TOKENS, covered * MUST_SHRINK) && tokens < covered) return { ...made, tokens };
  }
  throw new ClankerError("summary_failed", `${SUMMARY_TRIES} summaries did not come out shorter than what they stand for`, {
    hint: "Choose another model with agents.summary_model, or begin a new conversation with /new.",
  });
}

/** @returns undefined when the transcript was too long for the model. @throws ModelError, ClankerError */
async function ask(
  request: ModelRequest,
  models: readonly Model[],
  session: Session,
  deps: CompactionDeps,
  signal: AbortSignal,
): Promise<{ text: string; model: string } | undefined> {
  const controller = new AbortController();
  const follow = () => controller.abort();
  const cancelTimer = deps.clock.timer(REQUEST_MS, follow);
  signal.addEventListener("abort", follow, { once: true });
  if (signal.aborted) follow();
  const events = createModelChain(models, deps).stream(request, controller.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await race(events.next(), controller.signal);
      if (next.done === true) throw new ModelError("model_stream_cut", "the stream ended before the summary was complete", "away");
      const event = next.value;
      if (event.type !== "end") continue;
      await record(request, event, session, deps);
      // A summary that was cut off lacks its end; one that is refused says nothing.
      if (event.stop === "length" || event.stop === "refusal") return undefined;
      return {
        text: event.parts
          .flatMap((part) => (part.type === "text" ? [part.text] : []))
          .join("")
          .trim(),
        model: event.model,
      };
    }
  } catch (thrown) {
    if (thrown instanceof ModelError && thrown.failure === "too_long") return undefined;
    if (controller.signal.aborted) throw new ModelError("model_aborted", "the summary was not written in time", "away", { cause: thrown });
    throw thrown;
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", follow);
    void events.return?.(undefined).catch(() => undefined);
  }
}

function fits(request: ModelRequest, { contextTokens }: Model, ratio: number): boolean {
  return contextTokens === 0 || promptTokens(request) * ratio + request.maxTokens <= contextTokens;
}

/** Estimated: one message of text, and no tools. */
function promptTokens({ system, entries }: ModelRequest): number {
  const content = entries[0]?.content;
  const text = content?.role === "user" ? content.message.parts.map((part) => (part.type === "text" ? part.text : "")).join("") : "";
  return estimateTokens(system) + estimateTokens(text);
}

/** It counts like any other call: to the newest turn of the conversation. */
async function record(request: ModelRequest, { usage, model }: { usage: Usage; model: string }, session: Session, deps: CompactionDeps): Promise<void> {
  const estimate = promptTokens(request);
  deps.counts.learn(model, estimate, usage);
  const [newest] = await deps.store.listTurns({ sessionId: session.id, limit: 1 });
  if (newest !== undefined) await deps.store.spend({ turnId: newest.id, model, usage, estimate, now: deps.clock.now() });
}
