import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBlobs } from "../../../src/app/blobs.ts";
import { createChannelSupervisor } from "../../../src/app/channel-supervisor.ts";
import { healthOf } from "../../../src/app/health.ts";
import { createLocalBus } from "../../../src/bus/local/index.ts";
import type { Channel, ChannelStatus } from "../../../src/core/channel.ts";
import { silentLog } from "../../../src/core/log.ts";
import { messageText } from "../../../src/core/message.ts";
import { silentMetrics } from "../../../src/core/metrics.ts";
import type { Store } from "../../../src/core/store.ts";
import { createScripted, reply, type Script } from "../../../src/models/scripted/index.ts";
import { createHttp, createSockets, createStreams } from "../../../src/security/host/egress/index.ts";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { createHall } from "../../../src/turn/hall.ts";
import { memoryKeep } from "../../channels/harness.ts";
import { hallSettings } from "../../fakes/house.ts";
import { createLoopChannel, type LoopChannel } from "../../fakes/loop-channel.ts";
import { createManualClock, type ManualClock } from "../../fakes/manual-clock.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import type { FaultPartner, OpenPartner } from "./partner.ts";

/** The parts of a gateway that channels stand in (supervisor, hall, SQLite, doors to the network) in manual time, with one channel under test beside one in memory. */
export interface FaultHouse {
  readonly clock: ManualClock;
  readonly partner: FaultPartner;
  readonly store: Store;
  /** A channel that nothing happens to. Its one person is told what the owner is told. */
  readonly other: LoopChannel;
  /** The adapter as it stands now. */
  readonly channel: Channel;
  /** Starts of the adapter since the gateway has started. */
  readonly starts: number;
  /** Requests to the model since then. */
  readonly asked: number;
  status(): ChannelStatus;
  /** As /health/ready says it. */
  ready(): { ready: boolean; reasons: string[] };
  /** Moves time until the condition holds. @returns milliseconds it took. @throws Error after `ms` */
  until(condition: () => boolean, ms: number): Promise<number>;
  /** Somebody writes and is answered. @throws Error when that takes longer than `ms` */
  ask(person: string, text: string, ms?: number): Promise<void>;
  /** On the channel that nothing happens to. */
  askOther(text: string): Promise<void>;
  /** The process ends, gracefully. */
  stop(): Promise<void>;
  /** Another process begins on the same home: new adapter, new boot. Resolves as soon as the account is ready, or at once where `ready` is false. */
  start(options?: { readonly ready?: boolean }): Promise<void>;
  close(): Promise<void>;
}

const OWNER = "owner";
/** How a message begins that the model thinks about for a while. */
export const SLOW = "slowly:";
const SLOW_MS = 10_000;
const echo: Script = (request) => {
  const last = request.entries.findLast(({ content }) => content.role === "user")!.content;
  const line = last.role === "user" ? messageText(last.message).split("\n").at(-1)! : "";
  return [...(line.startsWith(SLOW) ? [{ type: "delay", ms: SLOW_MS } as const] : []), ...reply(`re: ${line}`)];
};

export async function openFaultHouse(openPartner: OpenPartner): Promise<FaultHouse> {
  const folder = mkdtempSync(join(tmpdir(), "clanker-faults-"));
  const watched: { partner?: FaultPartner; storing: number } = { storing: 0 };
  const clock = createManualClock(Date.now(), () => settle(watched));
  const partner = (watched.partner = await openPartner(clock));
  const other = createLoopChannel();
  const keep = memoryKeep();
  let running: Running | undefined;

  const house: FaultHouse = {
    clock,
    partner,
    other,
    get store() {
      return running!.store;
    },
    get channel() {
      return running!.channel;
    },
    get starts() {
      return running!.starts;
    },
    get asked() {
      return running!.asked;
    },
    status: () => running!.supervisor.list()[0]!.status,
    ready: () => healthOf(running!.supervisor, []),
    async until(condition, ms) {
      const begun = clock.monotonic();
      for (;;) {
        await clock.advance(0);
        if (condition()) return clock.monotonic() - begun;
        if (clock.monotonic() - begun > ms) throw new Error(`after ${ms} ms still not: ${String(condition)} (${JSON.stringify(house.status())})`);
        if (partner.patienceMs !== undefined) await new Promise((resolve) => setTimeout(resolve, partner.patienceMs));
        await clock.advance(100);
      }
    },
    async ask(person, text, ms = 60_000) {
      await partner.say(person, text);
      await house.until(() => partner.shown(person).includes(`re: ${text}`), ms);
    },
    async askOther(text) {
      await running!.receiveOther(text);
      await clock.advance(0);
      if (other.shown.at(-1)?.text !== `re: ${text}`) throw new Error(`the other channel did not answer: ${JSON.stringify(other.shown.at(-1))}`);
    },
    async stop() {
      const stopping = running!.stop();
      let stopped = false;
      void stopping.finally(() => (stopped = true));
      // What is under way at a stop takes its time.
      for (let ms = 0; !stopped && ms < 20_000; ms += 100) await clock.advance(100);
      await stopping;
      running = undefined;
    },
    async start({ ready = true } = {}) {
      running = await openGateway({ path: join(folder, "clanker.db"), clock, partner, other, keep, watched });
      await clock.advance(0);
      if (ready) await house.until(() => house.status().state === "ready", 60_000);
    },
    async close() {
      if (running !== undefined) await house.stop();
      await partner.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return house;
}

type Running = Awaited<ReturnType<typeof openGateway>>;

interface GatewayParts {
  readonly path: string;
  readonly clock: ManualClock;
  readonly partner: FaultPartner;
  readonly other: LoopChannel;
  readonly keep: ReturnType<typeof memoryKeep>;
  readonly watched: { storing: number };
}

async function openGateway({ path, clock, partner, other, keep, watched }: GatewayParts) {
  const store = counted(await createSqliteStore({ path, clock }), watched);
  const instance = "house";
  const { boot } = await store.boot({ now: clock.now(), instance });
  const random = createSeededRandom(boot);
  const log = silentLog;
  const metrics = silentMetrics;
  const blobs = createBlobs(store, { clock, random });
  const bus = createLocalBus();
  const http = createHttp({ log, clock });
  const provider = createScripted(echo, { clock });
  const late: { intake?: ReturnType<typeof createHall>["intake"] } = {};
  let starts = 0;
  const adapter = partner.open({
    intake: { receive: (updates, cursor) => late.intake!.receive(updates, cursor) },
    http,
    untrusted: http,
    sockets: createSockets({ log, clock }),
    streams: createStreams({ log, clock }),
    blobs,
    clock,
    random,
    log,
    metrics,
    companions: { start: unused, libraryFolders: [] },
    cursor: (name) => store.getCursor({ channel: adapter.name, account: "default", name }),
    keep,
  });
  const begin = adapter.start.bind(adapter);
  adapter.start = (signal) => {
    starts += 1;
    return begin(signal);
  };
  const supervisor = createChannelSupervisor([adapter, other], { clock, hub: { publish: () => {} }, metrics });
  const hall = createHall({
    ...hallSettings({ provider, place: OPEN }),
    store,
    bus,
    hub: { publish: () => {} },
    clock,
    random,
    log,
    metrics,
    blobs,
    accounts: supervisor.accounts,
    owner: `${instance}.${boot}`,
    notifyTo: [`${other.name}:default:${OWNER}`],
  });
  late.intake = hall.intake;
  const stopped = new AbortController();
  const lanes = hall.lanes.start(stopped.signal);
  supervisor.start((channel, signal) => hall.hold(channel, signal));
  let said = 0;
  return {
    store,
    channel: adapter,
    supervisor,
    get starts() {
      return starts;
    },
    get asked() {
      return provider.requests.length;
    },
    async receiveOther(text: string) {
      said += 1;
      const address = { channel: other.name, account: "default", conversation: OWNER };
      const key = `${boot}.${said}`;
      const message = { parts: [{ type: "text" as const, text }] };
      await hall.intake.receive([
        {
          type: "message",
          key: `msg:${key}`,
          messageId: key,
          address,
          sender: { id: OWNER, name: "Owner" },
          direct: true,
          at: clock.now(),
          message,
          addressed: true,
        },
      ]);
    },
    async stop() {
      await supervisor.stop();
      await hall.lanes.drain(0);
      stopped.abort();
      await lanes;
      await bus.close();
      http.close();
      await store.close();
    },
  };
}

const OPEN = {
  policy: { ownerIds: [OWNER], allowedUsers: ["*"], dmPolicy: "open", groups: { policy: "off", allowed: [], requireMention: true, trusted: [] } },
} as const;

function unused(): never {
  throw new Error("this house has none");
}

/** The store, whose calls under way are counted: its writer is a thread, and time must not go on while it works. */
function counted(store: Store, watched: { storing: number }): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== "function") return value;
      return async (...given: unknown[]) => {
        watched.storing += 1;
        try {
          return await (value as (...all: unknown[]) => unknown).apply(target, given);
        } finally {
          watched.storing -= 1;
        }
      };
    },
  });
}

/** Rounds of the event loop behind the last thing that happened on a wire. */
const QUIET_ROUNDS = 5;
/** Longest that a server in another process is waited for, real milliseconds. */
const MOST_BUSY_MS = 10_000;

/** Resolves when nothing more happens without time: the wires are silent, the store is idle, servers in other processes have answered. */
async function settle(watched: { readonly partner?: FaultPartner; readonly storing: number }): Promise<void> {
  const events = () => (watched.partner?.wires ?? []).reduce((sum, wire) => sum + wire.events, 0);
  const begun = performance.now();
  let seen = events();
  for (let quiet = 0; quiet < QUIET_ROUNDS;) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const busy = watched.partner?.busy?.() === true && performance.now() - begun < MOST_BUSY_MS;
    if (busy) await new Promise<void>((resolve) => setTimeout(resolve, 1));
    quiet = busy || watched.storing > 0 || events() !== seen ? 0 : quiet + 1;
    seen = events();
  }
}
