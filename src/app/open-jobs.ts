import type { Config } from "../config/schema.ts";
import type { Address } from "../core/address.ts";
import type { Jobs } from "../core/jobs.ts";
import { textMessage } from "../core/message.ts";
import { createJobs, type JobsDeps, type JobsRoom } from "../jobs/create-jobs.ts";
import type { Heartbeat } from "../jobs/heartbeat.ts";
import { minutesOf } from "../jobs/read-schedule.ts";
import type { Hall } from "../turn/hall.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface OpenJobsDeps extends Pick<JobsDeps, "store" | "clock" | "random" | "hub" | "log" | "metrics" | "owner"> {
  readonly hall: Hall;
  readonly hostTimeZone: string;
  readonly agents: () => readonly string[];
  readonly requireModel: (id: string) => unknown;
}

/** The jobs room as the config wants it, on this hall. */
export function openJobs({ cron }: Config, deps: OpenJobsDeps): JobsRoom {
  const { hall, hostTimeZone } = deps;
  const timeZone = cron.time_zone ?? hostTimeZone;
  const beat = heartbeatOf(cron.heartbeat, timeZone);
  return createJobs({
    ...deps,
    intake: hall.intake,
    notify: hall.notify,
    home: async () => (await hall.ownerPlaces())[0],
    tellOwner: (id, text) => tellOwner(id, text, deps),
    abort: (turnId) => hall.abort({ turnId }),
    leaseMs: 15_000,
    keepRuns: cron.keep_runs,
    pauseAfter: cron.pause_after,
    maxRunMs: cron.max_run_hours * 3600_000,
    maxJobs: cron.max_jobs,
    rules: {
      timeZone,
      agents: deps.agents,
      requireModel: deps.requireModel,
      reaches: ({ channel, account }) => hall.channels.get(channel, account) !== undefined,
    },
    ...(beat && { heartbeat: beat }),
  });
}

function heartbeatOf(config: Config["cron"]["heartbeat"], timeZone: string): Heartbeat | undefined {
  if (!config.enabled) return undefined;
  const { quiet_hours: quiet, model } = config;
  return {
    everyMs: config.every_minutes * MINUTE_MS,
    prompt: config.prompt,
    idleMs: config.idle_days * DAY_MS,
    ...(model !== undefined && { model }),
    ...(quiet && { quiet: { from: minutesOf(quiet.from)!, to: minutesOf(quiet.to)!, timeZone } }),
  };
}

/** The id names the delivery, so that one told again after a crash is the same one. */
async function tellOwner(id: string, text: string, { hall, store, clock, hub }: OpenJobsDeps): Promise<void> {
  const addresses: Address[] = await hall.ownerPlaces();
  const now = clock.now();
  for (const [i, address] of addresses.entries()) {
    const parts = hall.channels.render(address, textMessage(text));
    await store.enqueueDelivery({ delivery: { id: `${id}:${i}`, address, parts, expiresAt: now + DAY_MS }, now });
    hall.channels.wake(address);
  }
  hub.publish({ event: "notice", payload: { code: "heartbeat", text } });
}

/** The jobs room of a running gateway, which its config may replace. */
export interface LiveJobs {
  readonly room: () => JobsRoom;
  /** Runs jobs, if the config says so, until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  replace(config: Config): Promise<void>;
}

/** A change of `[cron]` ends its scheduler alone and begins another one. */
export function createLiveJobs(config: Config, deps: OpenJobsDeps): LiveJobs {
  let room = openJobs(config, deps);
  let enabled = config.cron.enabled;
  let outer: AbortSignal | undefined;
  let running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  const begin = () => {
    if (!enabled || outer === undefined || outer.aborted) return;
    const stop = new AbortController();
    running = { stop, done: room.start(AbortSignal.any([outer, stop.signal])) };
  };
  return {
    room: () => room,
    async start(signal) {
      outer = signal;
      begin();
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
      await running?.done;
    },
    async replace(changed) {
      const next = openJobs(changed, deps);
      running?.stop.abort();
      await running?.done;
      running = undefined;
      room = next;
      enabled = changed.cron.enabled;
      begin();
    },
  };
}

/** The tools are made before the jobs, which need the hall, which needs the tools. @param real looked at with every call */
export function lateJobs(): { port: Jobs; become: (real: () => Jobs) => void } {
  let real: (() => Jobs) | undefined;
  return {
    port: {
      add: (...args) => real!().add(...args),
      list: (...args) => real!().list(...args),
      get: (...args) => real!().get(...args),
      edit: (...args) => real!().edit(...args),
      remove: (...args) => real!().remove(...args),
      run: (...args) => real!().run(...args),
      runs: (...args) => real!().runs(...args),
      status: (...args) => real!().status(...args),
    },
    become: (jobs) => void (real = jobs),
  };
}
