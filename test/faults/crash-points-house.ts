/**
 * A process that takes one flow from where it stands to its end, and dies by kill -9 at one point of it. As a program: `node crash-points-house.ts JSON`, where JSON is
 * HouseOptions; it writes the points it passed to stdout. The recovery is the same function without a point to die at.
 */
import { setTimeout as wait } from "node:timers/promises";
import { createBlobs } from "../../src/app/blobs.ts";
import { systemRandom as random } from "../../src/app/system.ts";
import { createLocalBus } from "../../src/bus/local/index.ts";
import { newId } from "../../src/core/random.ts";
import type { Clock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Store } from "../../src/core/store.ts";
import { createScripted } from "../../src/models/scripted/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { createPostgresStore } from "../../src/store/postgres/index.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createHall } from "../../src/turn/hall.ts";
import { createSpawnAgentTool } from "../../src/tools/agent/index.ts";
import { pointChannel, pointProvider, pointStore, pointTool, type CrashPoint, type OnPoint } from "./crash-points.ts";
import { answerOf, FLOWS } from "./crash-points-flows.ts";
import { createJobDesk } from "./crash-points-jobs.ts";
import { createPlatformChannel, createPlatformTools, firstOutage, PlatformFiles, PLATFORM } from "./crash-points-platform.ts";

/** One occurrence of a point. */
export type NthPoint = CrashPoint & { readonly nth: number };

export interface HouseOptions {
  readonly flow: string;
  /** Of the platform, and of the SQLite database. */
  readonly folder: string;
  /** PostgreSQL instead of SQLite. */
  readonly url?: string;
  readonly idempotentSend: boolean;
  /** Real time at which the house's clock stood at zero: the same for every process of one flow. */
  readonly since: number;
  readonly die?: NthPoint;
}

/** The house's clock runs so much faster than ours: its pauses and looks are made for people. */
const SPEED = 40;
const START = Date.UTC(2026, 0, 1);
/** Longest real time of one flow. */
const LIMIT_MS = 20_000;

/** @returns the points that were passed, in order. @throws Error when the flow does not come to rest. */
export async function runHouse(options: HouseOptions): Promise<NthPoint[]> {
  const flow = FLOWS.find((one) => one.name === options.flow)!;
  const files = new PlatformFiles(options.folder);
  const clock = createFastClock(options.since);
  const passed = new Map<string, number>();
  const points: NthPoint[] = [];
  const onPoint: OnPoint = ({ name, when }) => {
    const nth = (passed.get(`${when} ${name}`) ?? 0) + 1;
    passed.set(`${when} ${name}`, nth);
    points.push({ name, when, nth });
    const { die } = options;
    if (die?.name === name && die.when === when && die.nth === nth) process.kill(process.pid, "SIGKILL");
  };
  const bare = await openStore(options, clock);
  const store = pointStore(bare, onPoint);
  const { boot } = await store.boot({ now: clock.now(), instance: "house" });
  const channel = pointChannel(
    createPlatformChannel({ files, flow, idempotentSend: options.idempotentSend, clock, intake: () => hall.intake, page: bare }),
    onPoint,
  );
  const fresh = () => newId(clock, random);
  const mind = createScripted(
    (request) => {
      const error = firstOutage(files, flow);
      return error ? [{ type: "throw", error }] : answerOf(request, fresh);
    },
    { clock },
  );
  const provider = pointProvider(mind, onPoint);
  const policy = flow.pairing ? { ...POLICY, dmPolicy: "pairing" as const } : POLICY;
  const agent = {
    ...AGENT,
    ...(flow.approvalMs !== undefined && { approvalMs: flow.approvalMs }),
    ...(flow.contextTokens !== undefined && { maxContextTokens: flow.contextTokens }),
  };
  const place = { policy, agent: "main", scope: "per_peer", queueMode: flow.queueMode ?? "queue", batchQuietMs: 1_000, replyBack: "mention" } as const;
  const hall = createHall({
    store,
    bus: createLocalBus(),
    hub: { publish: () => {} },
    clock,
    random,
    log: silentLog,
    metrics: silentMetrics,
    blobs: createBlobs(store, { clock, random }),
    gate: createGate(),
    tools: [...createPlatformTools(files), createSpawnAgentTool()].map((tool) => pointTool(tool, onPoint)),
    places: (name) => (name === PLATFORM ? place : undefined),
    agent: () => agent,
    model: () => provider.model("test"),
    accounts: new Map([[`${PLATFORM}:default`, channel]]),
    owner: `house.${boot}`,
    version: "test",
    timeZone: "UTC",
    notifyTo: [],
    ...(flow.away && { deliveryTtlMs: flow.away.deliveryTtlMs }),
  });
  const stopped = new AbortController();
  const owner = `house.${boot}`;
  const desk = flow.jobs && createJobDesk({ acts: flow.jobs, page: bare, store, files, hall, owner, clock, random });
  const done = Promise.all([hall.lanes.start(stopped.signal), hall.hold(channel, stopped.signal), desk?.start(stopped.signal)]);
  const limit = Date.now() + LIMIT_MS;
  const expected = flow.updates.length;
  let quiet = 0;
  // At rest twice in a row: a notice may be on its way into the outbox.
  while (quiet < 2) {
    if (Date.now() > limit) throw new Error(`flow ${flow.name} did not come to rest`);
    await wait(15);
    const open = await bare.listTurns({ statuses: ["queued", "running", "waiting"], limit: 1 });
    const unsent = await bare.listDeliveries({ statuses: ["draft", "open"], limit: 1 });
    const atRest = files.acknowledged().length >= expected && open.length + unsent.length + hall.lanes.running() === 0;
    if (atRest && flow.purges !== undefined && !files.purged()) {
      const person = await bare.findPerson({ channel: PLATFORM, account: "default", senderId: flow.purges });
      if (person !== undefined) await hall.purge(person.personId);
      files.add("purged", flow.purges);
    }
    quiet = atRest && (desk === undefined || (await desk.isAtRest())) ? quiet + 1 : 0;
  }
  await hall.lanes.drain(0);
  stopped.abort();
  await done;
  await store.close();
  return points;
}

const POLICY = {
  ownerIds: ["1"],
  allowedUsers: ["2"],
  dmPolicy: "allowlist",
  groups: { policy: "off", allowed: [], requireMention: true, trusted: [] },
} as const;

const AGENT = {
  name: "main",
  models: ["scripted:test"],
  systemPrompt: "",
  maxTokens: 1_000,
  maxSteps: 25,
  timeoutMs: 600_000,
  outageMs: 24 * 3600_000,
  thinking: "off",
  maxContextTokens: 0,
  maxTurnTokens: 0,
  approvalMs: 3600_000,
  tools: { allow: ["*"], deny: [], ask: [] },
} as const;

/** The store of a flow; also for whoever looks at it afterwards. */
export async function openStore({ folder, url }: Pick<HouseOptions, "folder" | "url">, clock: Clock): Promise<Store> {
  return url === undefined ? await createSqliteStore({ path: `${folder}/clanker.db`, clock }) : await createPostgresStore({ url, clock, poolSize: 3 });
}

export function createFastClock(since: number): Clock {
  const elapsed = () => (Date.now() - since) * SPEED;
  return {
    now: () => START + elapsed(),
    monotonic: elapsed,
    timer(ms, run) {
      const timer = setTimeout(run, ms / SPEED);
      return () => clearTimeout(timer);
    },
  };
}

if (import.meta.main) {
  const points = await runHouse(JSON.parse(process.argv[2]!) as HouseOptions);
  process.stdout.write(`${JSON.stringify(points)}\n`);
}
