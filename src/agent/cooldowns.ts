import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/errors.ts";
import type { Model } from "../core/model.ts";
import type { Random } from "../core/random.ts";

/** Least time between two requests to a credential that is away without having said for how long (fault-37). */
export const MIN_COOLDOWN_MS = 30_000;
export const MAX_COOLDOWN_MS = 300_000;
/** How long a model that refused its key is passed over while others can answer. */
export const REFUSED_COOLDOWN_MS = 900_000;
/** When to look again at a model that another turn is probing right now. */
const PROBE_WAIT_MS = 5_000;
/** A retry-after of zero would be a hot loop. */
const MIN_RETRY_AFTER_MS = 1_000;

/** A permission to send one request; every one ends with `failed` or `release`. */
export interface Permit {
  /** The model has answered with something: it is back. */
  arrived(): void;
  /** The request failed in a way that tells about the model, not about the request. */
  failed(error: ModelError): void;
  /** The request is over without a verdict. */
  release(): void;
}

/** Which models are away, per (credential, model), shared by all chains of a process (fault-31, fault-32, fault-37). */
export interface Cooldowns {
  /** @returns a permit, or the milliseconds after which asking again makes sense. */
  acquire(model: Model): Permit | number;
  /** Why the model refused its key, while that is remembered. */
  refused(model: Model): ModelError | undefined;
  /** True when the model has no failure on its record. */
  healthy(model: Model): boolean;
  /** Milliseconds until the model may be asked again; 0 = now. For status pages. */
  remaining(model: Model): number;
}

interface Health {
  /** Monotonic; no request before it. */
  readonly until: number;
  /** Failures in a row. */
  readonly failures: number;
  readonly failedAt: number;
  /** The permit that probes it now. */
  readonly probe?: Permit | undefined;
}

/** One per process; the state is in memory alone: after a restart every model gets its chance. */
export function createCooldowns(clock: Clock, random: Random): Cooldowns {
  /** Models with failures on their record; a recovered one has no line. */
  const away = new Map<string, Health>();
  const refusals = new Map<string, { error: ModelError; until: number }>();
  /** Earliest probe per credential: two models of one credential that are both away share the pace. */
  const credentials = new Map<string, number>();
  const keyOf = (model: Model) => JSON.stringify([model.credential, model.id]);

  const remaining = (model: Model): number => {
    const health = away.get(keyOf(model));
    if (health === undefined) return 0;
    const until = Math.max(health.until, credentials.get(model.credential) ?? 0);
    const wait = Math.max(0, until - clock.monotonic());
    return wait === 0 && health.probe !== undefined ? PROBE_WAIT_MS : wait;
  };

  const createPermit = (model: Model): Permit => {
    const key = keyOf(model);
    const startedAt = clock.monotonic();
    const isProbe = away.has(key);
    let answered = false;
    // A request that was under way when the model failed says nothing about it afterwards.
    const overtaken = (health: Health) => health.probe !== permit && startedAt <= health.failedAt;
    const release = () => {
      const health = away.get(key);
      if (health?.probe === permit) away.set(key, { ...health, probe: undefined });
    };
    const permit: Permit = {
      arrived() {
        if (answered) return;
        answered = true;
        refusals.delete(key);
        const health = away.get(key);
        if (health !== undefined && !overtaken(health)) away.delete(key);
      },
      failed(error) {
        if (error.failure !== "away") permit.arrived();
        release();
        const now = clock.monotonic();
        if (error.failure === "refused") refusals.set(key, { error, until: now + REFUSED_COOLDOWN_MS });
        if (error.failure !== "away") return;
        const health = away.get(key);
        const failures = (health?.failures ?? 0) + (health !== undefined && !isProbe && startedAt <= health.failedAt ? 0 : 1);
        const until = Math.max(health?.until ?? 0, now + waitAfter(failures, error.retryAfterMs, random));
        away.set(key, { until, failures, failedAt: now, probe: health?.probe });
        if (error.retryAfterMs === undefined) credentials.set(model.credential, now + MIN_COOLDOWN_MS);
      },
      release,
    };
    const health = away.get(key);
    if (health !== undefined) away.set(key, { ...health, probe: permit });
    return permit;
  };

  const refused = (model: Model): ModelError | undefined => {
    const refusal = refusals.get(keyOf(model));
    return refusal !== undefined && refusal.until > clock.monotonic() ? refusal.error : undefined;
  };

  return {
    acquire(model) {
      const wait = remaining(model);
      return wait > 0 ? wait : createPermit(model);
    },
    refused,
    healthy: (model) => !away.has(keyOf(model)) && refused(model) === undefined,
    remaining,
  };
}

/** What the provider asked for, exactly; when it keeps failing all the same, or asked for nothing, the longer of that and our own backoff. */
function waitAfter(failures: number, retryAfterMs: number | undefined, random: Random): number {
  if (retryAfterMs === undefined) return backoff(failures, random);
  const asked = Math.max(MIN_RETRY_AFTER_MS, retryAfterMs);
  return failures <= 2 ? asked : Math.max(asked, backoff(failures - 2, random));
}

/** 30 s, doubled for each failure in a row up to 5 min, with up to a quarter of jitter on top inside that cap. */
function backoff(failures: number, random: Random): number {
  const base = Math.min(MAX_COOLDOWN_MS, MIN_COOLDOWN_MS * 2 ** Math.min(10, Math.max(0, failures - 1)));
  return Math.min(MAX_COOLDOWN_MS, Math.round(base * (1 + random.number() / 4)));
}
