import type { Address } from "../core/address.ts";
import type { Blobs } from "../core/blobs.ts";
import type { Bus } from "../core/bus.ts";
import type { ChannelStatus, LoginRequest, LoginStep } from "../core/channel.ts";
import type { Clock } from "../core/clock.ts";
import type { AssistantPart, StopReason } from "../core/entry.ts";
import type { Intake } from "../core/intake.ts";
import type { Jobs } from "../core/jobs.ts";
import type { Log } from "../core/log.ts";
import type { Message } from "../core/message.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ModelEntry, ModelInfo, ModelRequest, ToolSpec, Usage } from "../core/model.ts";
import type { PriceOf } from "../core/price.ts";
import type { Random } from "../core/random.ts";
import type { Secrets } from "../core/secret.ts";
import type { Store } from "../core/store.ts";
import type { Thinking } from "../core/update.ts";
import type { AuditVerdict } from "../security/audit.ts";
import type { Compacted } from "../turn/compaction.ts";
import type { Spending } from "../turn/spending.ts";
import type { OutsideTools } from "../turn/call-outside.ts";
import type { Purged } from "../turn/purge-person.ts";
import type { PairingDesk } from "../turn/pairing.ts";
import type { EventHub } from "./hub/create-hub.ts";
import type { Binding } from "../sessions/bindings.ts";

/** What a change of the configuration did. Names are dotted keys. */
export interface ConfigChange {
  readonly applied: readonly string[];
  readonly restart_required: readonly string[];
  /** Of the configuration as it now stands in its files. */
  readonly digest: string;
}

/** The configuration as the gateway needs it; the ConfigEditor behind it validates, writes and keeps the last known good. */
export interface ConfigAccess {
  /** The effective configuration, or what stands under a dotted key (undefined when nothing does). Secrets are already masked. */
  get(key?: string): Promise<{ readonly value: unknown; readonly digest: string }>;
  /**
   * Null removes the key; `key+` adds to a list.
   * @param digest what the change was made from. @throws ConfigError when the result would not be valid, RequestError `config_changed` when the digest is not
   * the present one; nothing was written.
   */
  set(key: string, value: unknown, digest?: string): Promise<ConfigChange>;
  /** A JSON merge patch (RFC 7396): null removes a key. @throws as set does */
  patch(patch: Readonly<Record<string, unknown>>, digest?: string): Promise<ConfigChange>;
  /** Reads the files again, for edits made by hand. @throws ConfigError when they are wrong; then nothing has changed. */
  reload(): Promise<ConfigChange>;
  /** Problems of a whole configuration; empty when it is valid. */
  validate(config: unknown): Promise<readonly ConfigProblem[]>;
  /** JSON Schema of the file. */
  schema(): Promise<Record<string, unknown>>;
}

export interface ConfigProblem {
  readonly key: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** How far the linking of an account has come. */
export interface LoginProgress {
  readonly login_id: string;
  /** Counts the steps from 1. */
  readonly number: number;
  readonly step: LoginStep;
}

export interface ChannelAccess {
  /** `login`: it is linked from a phone. */
  list(): readonly { readonly channel: string; readonly account: string; readonly status: ChannelStatus; readonly login?: boolean }[];
  /** @throws RequestError `channel_not_found` */
  connect(channel: string, account?: string): Promise<void>;
  /** @throws RequestError `channel_not_found` */
  disconnect(channel: string, account?: string): Promise<void>;
  /** Begins to link an account from a phone; one that was under way for it ends. @throws RequestError `channel_not_found`, `login_not_offered`, `channel_stopped`; ChannelError */
  login(channel: string, account: string, request: LoginRequest): Promise<LoginProgress>;
  /** The first step behind number `after`, or the same again after 25 s. @throws RequestError `login_not_found`; ChannelError: nothing was linked */
  loginNext(loginId: string, after: number, signal: AbortSignal): Promise<LoginProgress>;
  /** @throws as login does, and ChannelError `not_linked` */
  logout(channel: string, account: string): Promise<void>;
  webhook(channel: string, account: string): ((request: Request) => Promise<Response>) | undefined;
  /** Puts a message into the outbox. @throws RequestError `channel_not_found` */
  send(address: Address, message: Message): Promise<{ readonly delivery_id: string }>;
}

/** One answer without a session (the OpenAI door). */
export interface StatelessInput {
  readonly agent: string;
  /** `provider:model`; default: the agent's own. */
  readonly model?: string;
  /** Below the agent's own system prompt. */
  readonly system?: string;
  readonly entries: readonly ModelEntry[];
  /** The caller's tools, offered beside the agent's; the answer ends when the model calls one. */
  readonly tools?: readonly ToolSpec[];
  /** `none` switches off the agent's own tools too. */
  readonly toolChoice?: ModelRequest["toolChoice"];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
  readonly thinking?: Thinking;
}

export type StatelessEvent = { readonly type: "text" | "thinking"; readonly text: string };

export interface StatelessResult {
  /** What the person gets: the text of every step in order, then the calls of the caller's own tools. Our own tools' calls are not in it. */
  readonly parts: readonly AssistantPart[];
  /** `calls` when one of the caller's tools was called. */
  readonly stop: StopReason;
  readonly usage: Usage;
  readonly model: string;
}

/** @throws ClankerError; RequestError `tool_name_clash` when a tool of the caller is named like one of the agent. */
export type Stateless = (input: StatelessInput, onEvent: (event: StatelessEvent) => void, signal: AbortSignal) => Promise<StatelessResult>;

export interface LogLine {
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** One backup as its manifest tells. */
export interface BackupInfo {
  readonly folder: string;
  /** Wall milliseconds. */
  readonly created_at: number;
  readonly version: string;
  readonly by: "person" | "schedule";
  /** Of everything in it. */
  readonly bytes: number;
  readonly files: number;
  /** False where the database is a server's. */
  readonly database: boolean;
  readonly workspaces: boolean;
}

/** What was spent, and what it costs. */
export interface UsageAccess {
  readonly spending: Spending;
  readonly priceOf: PriceOf;
  /** The day of the built-in prices. */
  readonly pricesAsOf: string;
  /** IANA zone of the owner's days. */
  readonly timeZone: string;
}

/** The process and its machine. */
export interface SystemFacts {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly rss_bytes: number;
  readonly heap_bytes: number;
  readonly config_file: string;
  readonly data_folder: string;
}

/** Everything the gateway gets from the app. */
export interface GatewayDeps {
  readonly store: Store;
  readonly intake: Intake;
  readonly bus: Bus;
  /** The one hub of the process, made by `createHub` before the hall. */
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Prometheus text. */
  metricsText(): Promise<string>;
  readonly blobs: Blobs;
  readonly config: ConfigAccess;
  readonly channels: ChannelAccess;
  readonly models: {
    list(): Promise<readonly ModelInfo[]>;
    readonly default: string;
    /** @throws ModelError `provider_not_found` for a model that nobody here would ever answer */
    require(name: string): unknown;
  };
  readonly agents: { list(): readonly { readonly name: string; readonly model: string; readonly bindings?: readonly Binding[] }[] };
  /** Stops turns, queued or running; answers the ids of those it stopped. */
  readonly turns: {
    abort(target: { sessionId?: string; turnId?: string }): Promise<string[]>;
    /** Makes a conversation shorter by a summary. @throws ClankerError why it could not be done. */
    compact(sessionId: string): Promise<Compacted>;
  };
  readonly usage: UsageAccess;
  readonly jobs: Jobs;
  /** Calls of other programs; each hook knows its own callers. */
  readonly hooks: { answer(name: string, request: Request): Promise<Response> };
  readonly stateless: Stateless;
  /** Tool calls outside a turn. */
  readonly tools: OutsideTools;
  /** Strangers who ask to be let in. */
  readonly pairing: Pick<PairingDesk, "answer" | "list">;
  readonly audit: { verify(): Promise<AuditVerdict> };
  readonly people: {
    purge(person: string, senders: readonly string[]): Promise<Purged & { readonly logLines: number; readonly aside: readonly string[] }>;
    /** Lines of the log that name them, oldest first. */
    logLines(person: string, senders: readonly string[], page: { readonly skip: number; readonly limit: number }): readonly string[];
  };
  readonly backups: {
    /** @throws StoreError `backup_failed` and what the database says; RequestError `backup_place_refused`. */
    make(order: { readonly into?: string; readonly workspaces: boolean }): Promise<BackupInfo>;
    list(): Promise<readonly BackupInfo[]>;
  };
  readonly logs: { tail(query: { limit: number; level?: LogLine["level"]; since?: number }): Promise<readonly LogLine[]> };
  /** Values go in and never come out. */
  readonly secrets: Pick<Secrets, "list" | "place" | "set" | "remove">;
  /** `stop` begins a graceful stop of the whole program, a moment later, so that whoever asked is still answered. */
  readonly system: { info(): SystemFacts; stop(reason: string): void };
  health(): { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly version: string;
  /** Stable public name of this gateway; devices sign it. */
  readonly gatewayId: string;
  /** Boot number of this home (store operation `boot`). */
  readonly boot: number;
}
