/** Puts the hall together from ports alone, so that the gateway, the tests and the simulator run the same one. Constructors only assign; `start` begins. */
import { createCooldowns } from "../agent/cooldowns.ts";
import type { Address } from "../core/address.ts";
import type { Blobs } from "../core/blobs.ts";
import type { Bus } from "../core/bus.ts";
import type { Channel } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Intake } from "../core/intake.ts";
import type { Log } from "../core/log.ts";
import type { Message } from "../core/message.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Model, ModelInfo } from "../core/model.ts";
import type { PriceOf } from "../core/price.ts";
import type { Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import { createZoneOffsets } from "../core/zone-offset.ts";
import type { Gate, Tool } from "../core/tool.ts";
import { createOutsideTools, type OutsideTools } from "./call-outside.ts";
import { createApprovals } from "./approvals.ts";
import { createChannels, type Channels } from "./channels.ts";
import { holdAccount } from "./channel-account.ts";
import { createCommands } from "./commands.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import { createNotify, recipients, type Notify } from "./notify.ts";
import { createOutboxDoor } from "./outbox-door.ts";
import { createPairingDesk, type PairingDesk } from "./pairing.ts";
import { createPeople } from "./people.ts";
import { createPurge, type Purged } from "./purge-person.ts";
import type { Places } from "./place.ts";
import { createIntake } from "./receive.ts";
import { createRecentEntries } from "./recent-entries.ts";
import { runStateless, type StatelessAnswer, type StatelessRequest } from "./run-stateless.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { createCompactByHand } from "./compact-by-hand.ts";
import { createCompaction, type Compacted } from "./compaction.ts";
import { runTurn } from "./run-turn.ts";
import { createSpending, NO_BUDGETS, type Budgets, type Spending } from "./spending.ts";
import { createSubAgents, DEFAULT_SUB_AGENT_LIMITS, type SubAgentLimits, type SubAgents } from "./sub-agents.ts";
import { createTokenCounts } from "./token-counts.ts";
import { createStop } from "./stop.ts";

export interface HallDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly blobs: Blobs;
  readonly gate: Gate;
  readonly tools: readonly Tool[];
  readonly places: Places;
  readonly agent: (name: string) => AgentSettings;
  readonly model: (id: string) => Model;
  /** Of the providers there are; what cannot be asked is left out. */
  readonly listModels?: () => Promise<readonly ModelInfo[]>;
  /** By `channel:account`; may grow and shrink. */
  readonly accounts: ReadonlyMap<string, Channel>;
  /** `INSTANCE.BOOT`: owner of the leases. */
  readonly owner: string;
  readonly version: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly notifyTo: readonly string[];
  /** Takes values of our own secrets out of what tools answer. */
  readonly hideSecrets?: (text: string) => string;
  /** What may be spent; default: no limits. */
  readonly budgets?: () => Budgets;
  readonly priceOf?: PriceOf;
  /** Default: DEFAULT_SUB_AGENT_LIMITS. */
  readonly subAgentLimits?: () => SubAgentLimits;
  readonly leaseMs?: number;
  readonly maxRunning?: number;
  readonly deliveryTtlMs?: number;
}

export interface Hall {
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly notify: Notify;
  readonly channels: Channels;
  readonly pairing: PairingDesk;
  readonly spending: Spending;
  /** Makes a conversation shorter now. @throws ClankerError why it could not be done. */
  compact(sessionId: string): Promise<Compacted>;
  /** Tools for callers of the gateway, outside a turn. */
  readonly outside: OutsideTools;
  /** Receives and sends for one account until `signal` aborts. Never rejects. */
  hold(channel: Channel, signal: AbortSignal): Promise<void>;
  stateless(request: StatelessRequest, watch: Parameters<typeof runStateless>[2]): Promise<StatelessAnswer>;
  /** Puts a message of the owner into the outbox; not for the page, whose way in is a message of its own. @returns its delivery id. @throws RequestError `channel_not_found`, because nobody would ever send it. */
  send(address: Address, message: Message): Promise<string>;
  /** Where the owner is told things; empty: nowhere but the page. */
  ownerPlaces(): Promise<Address[]>;
  /** Forgets a person. @throws StoreError `person_busy` */
  purge(person: string): Promise<Purged>;
  /** Stops running turns and cancels queued ones. @returns their ids. */
  abort(which: { sessionId?: string; turnId?: string }): Promise<string[]>;
}

const DEFAULTS = { leaseMs: 15_000, maxRunning: 256, deliveryTtlMs: 24 * 3600_000 };

export function createHall(given: HallDeps): Hall {
  const deps = {
    ...given,
    leaseMs: given.leaseMs ?? DEFAULTS.leaseMs,
    maxRunning: given.maxRunning ?? DEFAULTS.maxRunning,
    deliveryTtlMs: given.deliveryTtlMs ?? DEFAULTS.deliveryTtlMs,
  };
  const channels = createChannels(deps.accounts, deps.bus);
  const outbox = createOutboxDoor(deps);
  const told = { ...deps, channels, to: deps.notifyTo, mainAgent: "main" };
  const notify = createNotify(told);
  const cooldowns = createCooldowns(deps.clock, deps.random);
  const recent = createRecentEntries(deps.store);
  const approvals = createApprovals({ ...deps, channels, recipients: () => recipients(told), wake: (sessionId) => lanes.wake(sessionId) });
  const pairing = createPairingDesk({ ...deps, channels });
  const counts = createTokenCounts(deps.store);
  const spending = createSpending({ ...deps, budgets: deps.budgets ?? (() => NO_BUDGETS), priceOf: deps.priceOf ?? (() => undefined) });
  const compaction = createCompaction({ ...deps, recent, cooldowns, counts, spending });
  const compact = createCompactByHand({ ...deps, compaction, counts });
  const subAgents: SubAgents = createSubAgents({
    ...deps,
    limits: deps.subAgentLimits ?? (() => DEFAULT_SUB_AGENT_LIMITS),
    wake: (sessionId) => lanes.wake(sessionId),
    abort: async (sessionId) => void (await abort({ sessionId })),
  });
  const run = { ...deps, channels, notify, cooldowns, recent, approvals, counts, compaction, spending, subAgents };
  const held: Lanes = createLanes({
    ...deps,
    run: (turn) => runTurn(turn, run),
    sweep: async () => {
      await approvals.sweep();
      await subAgents.settle();
    },
  });
  const lanes: Lanes = {
    ...held,
    async drain(graceMs) {
      await held.drain(graceMs);
      await compaction.stop();
    },
  };
  const stopTurns = createStop({ ...deps, lanes, settleSubAgents: () => subAgents.settle() });
  const abort = async (which: { sessionId?: string; turnId?: string }): Promise<string[]> => {
    const running = await stopTurns.ids(which);
    const sessionId = which.sessionId ?? (await deps.store.getTurn({ id: which.turnId! }))?.sessionId;
    if (sessionId === undefined) return running;
    const { turnIds } = await deps.store.cancelQueued({ sessionId, now: deps.clock.now(), turnId: which.turnId });
    return [...running, ...turnIds];
  };
  const commands = createCommands({
    ...deps,
    lanes,
    compact,
    spending,
    outbox,
    approvals,
    pairing,
    stopTurns,
    forget: recent.forget,
    listModels: given.listModels ?? (async () => []),
  });
  const people = createPeople(deps);
  const intake = createIntake({ ...deps, channels, lanes, commands, approvals, pairing, people, offsetIn: createZoneOffsets() });
  return {
    intake,
    lanes,
    notify,
    channels,
    pairing,
    spending,
    compact,
    hold: (channel, signal) => holdAccount(channel, { ...deps, notify }, signal),
    outside: createOutsideTools({ ...deps, recent }),
    stateless: (request, watch) => runStateless(request, { ...deps, cooldowns, spending }, watch),
    send: (address, message) => outbox.send(address, message),
    ownerPlaces: async () => (await recipients(told)).filter((address) => channels.delivers(address)),
    abort,
    purge: createPurge({ store: deps.store, recent, people, abort: (sessionId) => abort({ sessionId }) }),
  };
}
