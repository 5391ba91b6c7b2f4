import { type Clock, deadline } from "../core/clock.ts";
import { ModelError } from "../core/errors.ts";
import { HttpFailure } from "../core/http.ts";
import type { Model, ModelEvent, ModelRequest } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import type { Cooldowns, Permit } from "./cooldowns.ts";
import { forProvider } from "./opaque.ts";
import { Aborted, linkedController, race } from "./race.ts";

export { createCooldowns, type Cooldowns } from "./cooldowns.ts";

/** A model that says nothing for this long, before or within its answer, is given up (fault-33). */
export const SILENCE_MS = 60_000;

/** Each tells the id of the model that it comes from. */
export type ChainEvent =
  | (ModelEvent & { readonly model: string })
  /** What this step has shown so far is void: `model` writes it anew. */
  | { readonly type: "restart"; readonly model: string };

/** A model and its fallbacks, seen as one. */
export interface ModelChain {
  readonly first: Model;
  /**
   * Streams one step from the first model that answers. Each is asked once, in order; one that is in its cooldown is passed over.
   * @throws ModelError: `models_away` (away, with retryAfterMs) when at least one may come back, `model_aborted` after an abort, `too_long` failures as they
   * are, else the last refusal.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ChainEvent>;
}

export interface ChainDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly cooldowns: Cooldowns;
  /** Milliseconds of silence that are suffered from a model that does not tell its own; default 60,000. */
  readonly silenceMs?: number;
}

/** @throws ModelError `no_model` when there is none. */
export function createModelChain(models: readonly Model[], deps: ChainDeps): ModelChain {
  const [first] = models;
  if (first === undefined) throw new ModelError("no_model", "no model is configured", "invalid", { hint: "run `clanker setup` to choose a model" });
  const distinct = models.filter((model, index) => models.findIndex((other) => other.id === model.id && other.credential === model.credential) === index);
  return { first, stream: (request, signal) => streamChain(distinct, deps, request, signal) };
}

/** What was tried in one step, and how it went. */
interface Attempts {
  readonly errors: ModelError[];
  shown: boolean;
}

async function* streamChain(models: readonly Model[], deps: ChainDeps, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ChainEvent> {
  const attempts: Attempts = { errors: [], shown: false };
  const passedOver: Model[] = [];
  for (const model of models) {
    if (deps.cooldowns.refused(model) !== undefined) passedOver.push(model);
    else if (yield* tryModel(model, models.length === 1, deps, { request, signal, attempts })) return;
  }
  // Refused keys are asked again only when nothing better is left, so that a mended key works at once.
  if (!someAway(models, deps.cooldowns)) {
    for (const model of passedOver) if (yield* tryModel(model, false, deps, { request, signal, attempts })) return;
  }
  throw verdict(models, deps.cooldowns, attempts.errors);
}

interface Run {
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  readonly attempts: Attempts;
}

/** @returns whether the step is complete. @throws ModelError for an abort and for a prompt that is too long: no other model mends those. */
async function* tryModel(model: Model, only: boolean, deps: ChainDeps, run: Run): AsyncGenerator<ChainEvent, boolean> {
  // The only model, healthy until now, may be asked once more when its stream is cut.
  let retries = only && deps.cooldowns.healthy(model) ? 1 : 0;
  for (;;) {
    const permit = deps.cooldowns.acquire(model);
    if (typeof permit === "number") return false;
    const error = yield* attempt(model, permit, deps, run);
    if (error === undefined) return true;
    if (run.signal.aborted || error.failure === "too_long") {
      if (!run.signal.aborted) permit.arrived();
      throw run.signal.aborted ? aborted() : error;
    }
    if (retries > 0 && error.code === "model_stream_cut") {
      retries -= 1;
      permit.release();
      continue;
    }
    permit.failed(error);
    run.attempts.errors.push(error);
    return false;
  }
}

/** One request. @returns why it failed, or undefined when the step is complete. */
async function* attempt(model: Model, permit: Permit, deps: ChainDeps, run: Run): AsyncGenerator<ChainEvent, ModelError | undefined> {
  const { attempts, signal } = run;
  if (signal.aborted) return aborted();
  if (attempts.shown) {
    attempts.shown = false;
    yield { type: "restart", model: model.id };
  }
  const { controller, unlink } = linkedController(signal);
  let events: AsyncIterator<ModelEvent> | undefined;
  let finished = false;
  try {
    events = model.stream(forProvider(run.request, model.id), controller.signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await nextEvent(events, controller, { clock: deps.clock, silenceMs: model.silenceMs ?? deps.silenceMs ?? SILENCE_MS });
      if (next.done === true) return cut(model);
      permit.arrived();
      if (next.value.type === "end") {
        finished = true;
        permit.release();
        yield { ...next.value, model: model.id };
        return undefined;
      }
      attempts.shown = true;
      yield { ...next.value, model: model.id };
    }
  } catch (thrown) {
    if (finished) throw thrown;
    return asModelError(thrown, model);
  } finally {
    unlink();
    // A reader that leaves (an abort) must not hold the probe; failing twice is harmless.
    permit.release();
    // A complete answer has nothing left to abort, and making the reason costs more than all else here.
    if (!finished) controller.abort();
    // Not awaited: an adapter that hangs must not hold the turn, and what it says while closing is no news.
    void events?.return?.().catch(() => undefined);
  }
}

class Silence extends Error {}

/** The next event, the failure of the stream, or Silence when none comes in time. */
async function nextEvent(
  events: AsyncIterator<ModelEvent>,
  controller: AbortController,
  limit: { clock: Clock; silenceMs: number },
): Promise<IteratorResult<ModelEvent>> {
  let silent = false;
  const cancel = deadline(limit.clock, limit.silenceMs, () => {
    silent = true;
    controller.abort();
  });
  try {
    return await race(events.next(), controller.signal);
  } catch (thrown) {
    if (silent) throw new Silence("no event in time");
    throw thrown;
  } finally {
    cancel();
  }
}

function asModelError(thrown: unknown, model: Model): ModelError {
  if (thrown instanceof ModelError) return thrown;
  if (thrown instanceof Aborted) return aborted();
  if (thrown instanceof Silence)
    return new ModelError("model_silent", `${model.id} said nothing for too long`, "away", {
      hint: "the provider accepted the request and then hung; it is tried again later",
    });
  if (thrown instanceof HttpFailure) return new ModelError("model_unreachable", `${model.id}: ${thrown.message}`, "away", { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ModelError("model_internal", `${model.id}: ${message}`, "invalid", { cause: thrown, hint: "this is a fault of the gateway, please report it" });
}

function aborted(): ModelError {
  return new ModelError("model_aborted", "the model call was aborted", "away");
}

function cut(model: Model): ModelError {
  return new ModelError("model_stream_cut", `${model.id} ended its stream before the answer was complete`, "away");
}

function someAway(models: readonly Model[], cooldowns: Cooldowns): boolean {
  return models.some((model) => cooldowns.remaining(model) > 0);
}

/** Why no model answered. */
function verdict(models: readonly Model[], cooldowns: Cooldowns, errors: readonly ModelError[]): ModelError {
  const waits = models.map((model) => cooldowns.remaining(model)).filter((wait) => wait > 0);
  const last = errors.at(-1);
  const away = errors.findLast((error) => error.failure === "away");
  if (waits.length > 0 || away !== undefined) {
    const names = models.map((model) => model.id).join(", ");
    return new ModelError("models_away", `no model answers (${names})${away === undefined ? "" : `: ${away.message}`}`, "away", {
      hint: "the provider is overloaded or not reachable; the turn is tried again by itself",
      retryAfterMs: waits.length > 0 ? Math.min(...waits) : 1_000,
      cause: away ?? last,
    });
  }
  return last ?? new ModelError("no_model", "no model could be asked", "invalid", { hint: "check [agents] model and the key of its provider" });
}
