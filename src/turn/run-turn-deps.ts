import type { Cooldowns } from "../agent/model-chain.ts";
import type { Blobs } from "../core/blobs.ts";
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Model } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Gate, Tool } from "../core/tool.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { Approvals } from "./approvals.ts";
import type { Channels } from "./channels.ts";
import type { Notify } from "./notify.ts";
import type { Places } from "./place.ts";
import type { Compaction } from "./compaction.ts";
import type { RecentEntries } from "./recent-entries.ts";
import type { Spending } from "./spending.ts";
import type { SubAgents } from "./sub-agents.ts";
import type { TokenCounts } from "./token-counts.ts";

/** What the hall's step 3 is handed. */
export interface RunTurnDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly blobs: Blobs;
  readonly channels: Channels;
  readonly places: Places;
  readonly notify: Notify;
  readonly gate: Gate;
  readonly tools: readonly Tool[];
  readonly approvals: Approvals;
  readonly cooldowns: Cooldowns;
  readonly recent: RecentEntries;
  readonly counts: TokenCounts;
  readonly compaction: Compaction;
  readonly spending: Spending;
  readonly subAgents: SubAgents;
  readonly agent: (name: string) => AgentSettings;
  /** @throws ModelError when no provider of that name is configured. */
  readonly model: (id: string) => Model;
  readonly timeZone: string;
  readonly hideSecrets?: (text: string) => string;
  readonly leaseMs: number;
  readonly deliveryTtlMs: number;
}
