import { createLocalBus } from "../../src/bus/local/index.ts";
import type { Bus } from "../../src/core/bus.ts";
import type { Event } from "../../src/core/event.ts";
import { silentLog, type Log } from "../../src/core/log.ts";
import { textMessage } from "../../src/core/message.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { ModelInfo, Provider } from "../../src/core/model.ts";
import type { Store } from "../../src/core/store.ts";
import type { Gate, Tool } from "../../src/core/tool.ts";
import type { MessageUpdate } from "../../src/core/update.ts";
import { createBlobs } from "../../src/app/blobs.ts";
import { createGate } from "../../src/security/gate.ts";
import type { Place } from "../../src/turn/place.ts";
import { createHall, type Hall, type HallDeps } from "../../src/turn/hall.ts";
import type { AgentSettings } from "../../src/turn/agent-settings.ts";
import { createLoopChannel, type LoopChannel } from "./loop-channel.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { createSeededRandom } from "./seeded-random.ts";

export interface HouseOptions {
  readonly store: Store;
  /** Default: one of its own. */
  readonly bus?: Bus;
  readonly provider: Provider;
  readonly clock?: ManualClock;
  readonly channel?: LoopChannel;
  /** Beside `channel`. */
  readonly moreChannels?: readonly LoopChannel[];
  readonly tools?: readonly Tool[];
  readonly place?: Partial<Place>;
  /** More about single channels. */
  readonly placeOf?: (channel: string) => Partial<Place>;
  readonly listModels?: () => Promise<readonly ModelInfo[]>;
  readonly agent?: Partial<AgentSettings>;
  readonly log?: Log;
  readonly seed?: number;
  readonly instance?: string;
  readonly notifyTo?: readonly string[];
  readonly gate?: Gate;
  readonly hideSecrets?: (text: string) => string;
  /** Budgets, prices, limits of sub-agents. */
  readonly limits?: Pick<HallDeps, "budgets" | "priceOf" | "subAgentLimits">;
}

export interface House {
  readonly hall: Hall;
  readonly clock: ManualClock;
  readonly channel: LoopChannel;
  readonly events: Event[];
  readonly owner: string;
  /** A message of a sender on the loop channel, not yet received. */
  message(text: string, more?: Partial<MessageUpdate>): MessageUpdate;
  /** Receives one and lets everything happen that needs no time. */
  say(text: string, more?: Partial<MessageUpdate>): Promise<Awaited<ReturnType<Hall["intake"]["receive"]>>[number]>;
  /** Everything sent so far, as "the platform" shows it. */
  texts(): string[];
  stop(): Promise<void>;
}

/** Owner is sender 1, sender 2 is allowed, the rest are strangers; group -5 is allowed. */
export const POLICY: Place["policy"] = {
  ownerIds: ["1"],
  allowedUsers: ["2"],
  dmPolicy: "allowlist",
  groups: { policy: "allowlist", allowed: ["-5"], requireMention: true, trusted: ["2"] },
};

/** What the owner has set: the same place everywhere, one agent. */
export function hallSettings(options: Pick<HouseOptions, "provider" | "place" | "agent" | "gate" | "tools">) {
  const place: Place = { policy: POLICY, agent: "main", scope: "per_peer", queueMode: "queue", batchQuietMs: 1_000, replyBack: "mention", ...options.place };
  const agent: AgentSettings = {
    name: "main",
    models: [`${options.provider.name}:test`],
    systemPrompt: "",
    maxTokens: 1_000,
    maxSteps: 25,
    maxTurnTokens: 0,
    approvalMs: 3600_000,
    timeoutMs: 600_000,
    outageMs: 24 * 3600_000,
    thinking: "off",
    maxContextTokens: 0,
    tools: { allow: ["*"], deny: [], ask: [] },
    ...options.agent,
  };
  return {
    place,
    gate: options.gate ?? createGate(),
    tools: options.tools ?? [],
    places: (): Place => place,
    agent: (name: string) => ({ ...agent, name }),
    model: (id: string) => options.provider.model(id.slice(id.indexOf(":") + 1)),
    version: "test",
    timeZone: "UTC",
  };
}

/** The whole hall on a given store, a manual clock, seeded chance and a loop channel. */
export async function openHouse(options: HouseOptions): Promise<House> {
  const clock = options.clock ?? createManualClock();
  const random = createSeededRandom(options.seed ?? 1);
  const channel = options.channel ?? createLoopChannel();
  const channels = [channel, ...(options.moreChannels ?? [])];
  const events: Event[] = [];
  const instance = options.instance ?? "house";
  const { boot } = await options.store.boot({ now: clock.now(), instance });
  const { place, ...settings } = hallSettings(options);
  const owner = `${instance}.${boot}`;
  const hall = createHall({
    store: options.store,
    bus: options.bus ?? createLocalBus(),
    hub: { publish: (event) => events.push(event) },
    clock,
    random,
    log: options.log ?? silentLog,
    metrics: silentMetrics,
    blobs: createBlobs(options.store, { clock, random }),
    ...settings,
    places: (name) => (name === "web" || channels.some((one) => one.name === name) ? { ...place, ...options.placeOf?.(name) } : undefined),
    accounts: new Map(channels.map((one) => [`${one.name}:default`, one])),
    owner,
    ...(options.listModels && { listModels: options.listModels }),
    notifyTo: options.notifyTo ?? [],
    ...options.limits,
    ...(options.hideSecrets && { hideSecrets: options.hideSecrets }),
  });
  const stopped = new AbortController();
  const done = Promise.all([hall.lanes.start(stopped.signal), ...channels.map((one) => hall.hold(one, stopped.signal))]);
  await clock.advance(0);
  let number = 0;
  const message = (text: string, more: Partial<MessageUpdate> = {}): MessageUpdate => {
    number += 1;
    const sender = more.sender ?? { id: "1", name: "Ada" };
    const conversation = more.address?.conversation ?? sender.id;
    return {
      type: "message",
      key: `msg:${conversation}:${boot}.${number}`,
      messageId: `${boot}.${number}`,
      address: { channel: channel.name, account: "default", conversation },
      sender,
      direct: !conversation.startsWith("-"),
      at: clock.now(),
      message: textMessage(text),
      addressed: true,
      ...more,
    };
  };
  return {
    hall,
    clock,
    channel,
    events,
    owner,
    message,
    async say(text, more) {
      const [outcome] = await hall.intake.receive([message(text, more)]);
      await clock.advance(0);
      return outcome!;
    },
    texts: () => channel.shown.map((one) => one.text),
    async stop() {
      const drained = hall.lanes.drain(0);
      await clock.advance(0);
      await drained;
      stopped.abort();
      await clock.advance(0);
      await done;
    },
  };
}
