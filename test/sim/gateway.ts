/** One gateway of the simulated world: the real hall on simulated ports, started and stopped as the composition root does it, and started again when it has died. */
import { createBlobs } from "../../src/app/blobs.ts";
import { createLiveJobs } from "../../src/app/open-jobs.ts";
import { createLocalBus } from "../../src/bus/local/index.ts";
import type { Config } from "../../src/config/schema.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Hub } from "../../src/core/event.ts";
import { cronConfig } from "../../src/jobs/config.ts";
import { v } from "../../src/lib/schema/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { createHall } from "../../src/turn/hall.ts";
import type { Place } from "../../src/turn/place.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { pointChannel, pointProvider, pointStore, pointTool, type OnPoint } from "../faults/crash-points.ts";
import { createMinds } from "./minds.ts";
import { CHANNEL, createSimChannel } from "./sim-channel.ts";
import { createSimStore, never } from "./sim-store.ts";
import { createSimTools } from "./sim-tools.ts";
import type { Owner } from "./timeline.ts";
import type { Life, SimClock, SimWorld } from "./sim-world.ts";

const DRAIN_MS = 5_000;
/** A drain that takes longer hangs. */
const STOP_LIMIT_MS = 60_000;
const RESTART_MS = { least: 50, most: 8_000 };
/** Where there are jobs it now and then stays away for so long that slots are missed. */
const AWAY_MS = { least: 60_000, most: 400_000 };

/** Owner is sender 1, sender 2 is allowed, 3 is a stranger; group -5 is allowed. */
const POLICY: Place["policy"] = {
  ownerIds: ["1"],
  allowedUsers: ["2"],
  dmPolicy: "allowlist",
  groups: { policy: "allowlist", allowed: ["-5"], requireMention: true, trusted: ["2"] },
};

export function startGateway(world: SimWorld, name: string, number: number): Life {
  const owner: Owner = { name: `${name}${number}`, dead: false, frozenUntil: 0 };
  const clock = createSimClock(world, owner);
  const random = createSeededRandom(world.seed * 7919 + number * 31 + name.charCodeAt(0));
  const onPoint: OnPoint = ({ name: point, when }) => {
    if (owner.dead) return never();
    if (!world.strikes(world.faults.crash)) return undefined;
    world.trace(owner, `dies ${when} ${point}`);
    world.die(owner);
    return never();
  };
  const store = pointStore(createSimStore(world, owner), onPoint);
  const channel = pointChannel(
    createSimChannel(world, owner, {
      clock,
      intake: () => life.hall!.intake,
      cursor: () => store.getCursor({ channel: CHANNEL, account: "default", name: "offset" }),
    }),
    onPoint,
  );
  const providers = createMinds(world, owner, clock).map((provider) => pointProvider(provider, onPoint));
  const stopped = new AbortController();
  const released = new AbortController();
  const life: Life = Object.assign(owner, { clock, store, hall: undefined, jobs: undefined, stopping: false, stop: () => void stop() });

  let held = Promise.resolve();

  const run = async () => {
    const { boot } = await store.boot({ now: clock.now(), instance: name });
    const place = placeOf(world);
    const hub: Hub = { publish: (event) => void (owner.dead || world.watch.published(owner, event)) };
    const own = { store, clock, random, hub, log: silentLog, metrics: silentMetrics, owner: `${name}.${boot}` };
    life.hall = createHall({
      ...own,
      bus: createLocalBus(),
      blobs: createBlobs(store, { clock, random }),
      gate: createGate(),
      tools: createSimTools(world, owner).map((tool) => pointTool(tool, onPoint)),
      places: (channel) => (channel === CHANNEL || channel === "web" ? place : undefined),
      agent: () => AGENT,
      model: (id) => providers.find((provider) => id.startsWith(`${provider.name}:`))!.model("m"),
      accounts: new Map([[`${CHANNEL}:default`, channel]]),
      version: "sim",
      timeZone: "UTC",
      notifyTo: [],
    });
    if (world.climate.jobs)
      life.jobs = createLiveJobs(cronConfigOf(world), {
        ...own,
        hall: life.hall,
        hostTimeZone: "UTC",
        agents: () => ["main"],
        requireModel: () => {},
      });
    world.trace(owner, "ready");
    await Promise.all([life.hall.lanes.start(stopped.signal), life.jobs?.start(stopped.signal), (held = life.hall.hold(channel, released.signal))]);
  };

  const stop = async () => {
    if (life.stopping || life.dead || !life.hall) return;
    life.stopping = true;
    world.trace(owner, "stops");
    const late = world.timeline.after(STOP_LIMIT_MS, owner, "stop limit", () =>
      world.watch.broken("P5", `${owner.name} did not stop within ${STOP_LIMIT_MS} ms`),
    );
    released.abort();
    await held;
    await life.hall.lanes.drain(DRAIN_MS);
    stopped.abort();
    await running;
    late();
    world.trace(owner, "stopped");
    world.end(life);
  };

  // Not before the world knows of this life: it may die at its first call.
  const running = Promise.resolve()
    .then(run)
    .catch(() => {
      // What the composition root does when the store refuses: the process ends, and its supervisor starts it again.
      world.trace(owner, "could not start");
      world.end(life);
    });
  return life;
}

/** How soon a supervisor starts a dead process again. */
export function restartPause(world: SimWorld): number {
  if (world.climate.jobs && world.strikes(0.05)) return world.between(AWAY_MS.least, AWAY_MS.most);
  return world.between(RESTART_MS.least, RESTART_MS.most);
}

const AGENT = {
  name: "main",
  models: ["one:m", "two:m"],
  systemPrompt: "",
  maxTokens: 1_000,
  maxSteps: 25,
  timeoutMs: 600_000,
  outageMs: 24 * 3600_000,
  thinking: "off",
  maxContextTokens: 0,
  maxTurnTokens: 0,
  approvalMs: 1_200_000,
  tools: { allow: ["*"], deny: [], ask: [] },
} as const;

function placeOf(world: SimWorld): Place {
  return { policy: POLICY, agent: "main", scope: "per_peer", queueMode: world.climate.queueMode, batchQuietMs: 2_000, replyBack: "mention" };
}

/** What jobs read of the config. */
export function cronConfigOf({ heartbeat }: SimWorld): Config {
  return { cron: v.parse(cronConfig, heartbeat ? { heartbeat: { enabled: true, every_minutes: 7 } } : {}) } as Config;
}

function createSimClock(world: SimWorld, owner: Owner): SimClock {
  let pending = 0;
  return {
    now: () => world.wall(),
    monotonic: () => world.timeline.now,
    timer(ms, run) {
      pending += 1;
      let done = false;
      const finish = () => {
        if (!done) pending -= 1;
        done = true;
      };
      const cancel = world.timeline.after(ms, owner, "timer", () => {
        finish();
        run();
      });
      return () => {
        finish();
        cancel();
      };
    },
    pending: () => pending,
  };
}
