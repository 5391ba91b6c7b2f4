import { WebSocket } from "ws";
import { createBlobs } from "../../src/app/blobs.ts";
import { systemClock, systemFacts, systemRandom } from "../../src/app/system.ts";
import { createLocalBus } from "../../src/bus/local/index.ts";
import type { ChannelStatus } from "../../src/core/channel.ts";
import { ModelError, RequestError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Provider } from "../../src/core/model.ts";
import type { Gate, Tool } from "../../src/core/tool.ts";
import { createGateway, createHub, DEFAULT_OPTIONS, type EventHub, type Gateway, type GatewayDeps, type GatewayOptions } from "../../src/gateway/index.ts";
import { hooksConfig, type HooksConfig } from "../../src/hooks/config.ts";
import { createHooks } from "../../src/hooks/create-hooks.ts";
import { v } from "../../src/lib/schema/index.ts";
import { createScripted, reply, type ScriptedProvider } from "../../src/models/scripted/index.ts";
import { verifyAudit } from "../../src/security/audit.ts";
import { createGate } from "../../src/security/gate.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { sha256Hex } from "../../src/gateway/auth/digest.ts";
import { createHall } from "../../src/turn/hall.ts";
import { POLICY } from "../fakes/house.ts";

export const TOKEN = "test-token-4f1d";

export interface TestGateway {
  readonly gateway: Gateway;
  readonly deps: GatewayDeps;
  readonly hub: EventHub;
  readonly provider: Provider;
  readonly port: number;
  readonly url: string;
  readonly ws: string;
  /** What the fake configuration holds. */
  readonly config: Record<string, unknown>;
  readonly secrets: ReadonlyMap<string, string>;
  /** Why the program was asked to stop. */
  readonly stops: readonly string[];
  readonly sent: { address: unknown; message: unknown }[];
  /** fetch with the token. */
  call(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly options?: Partial<GatewayOptions>;
  readonly deps?: Partial<GatewayDeps>;
  readonly provider?: ScriptedProvider;
  readonly tools?: readonly Tool[];
  readonly gate?: Gate;
  readonly hooks?: () => HooksConfig;
}

const status: ChannelStatus = { state: "ready", identity: "@bot" };

/** The real gateway on a free port, over the real hall on a memory store and a scripted model. */
export async function openTestGateway(given: TestGatewayOptions = {}): Promise<TestGateway> {
  const store = createMemoryStore();
  const { boot } = await store.boot({ now: systemClock.now(), instance: "test" });
  const provider = given.provider ?? createScripted((request) => reply(`you said: ${lastText(request.entries)}`));
  const hub = createHub({ clock: systemClock, boot, log: silentLog });
  const blobs = createBlobs(store, { clock: systemClock, random: systemRandom });
  const place = { policy: POLICY, agent: "main", scope: "per_peer", queueMode: "queue", batchQuietMs: 100, replyBack: "mention" } as const;
  const bus = createLocalBus();
  const hall = createHall({
    store,
    bus,
    hub,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: silentMetrics,
    blobs,
    gate: given.gate ?? createGate(),
    tools: given.tools ?? [],
    places: () => place,
    agent: (name) => ({
      name,
      models: ["scripted:test"],
      systemPrompt: "",
      maxTokens: 1000,
      maxSteps: 25,
      maxTurnTokens: 0,
      approvalMs: 3600_000,
      timeoutMs: 60_000,
      outageMs: 0,
      thinking: "off",
      maxContextTokens: 0,
      tools: { allow: ["*"], deny: [], ask: [] },
    }),
    model: (id) => provider.model(id.slice(id.indexOf(":") + 1)),
    accounts: new Map(),
    owner: `test.${boot}`,
    version: "test",
    timeZone: "UTC",
    notifyTo: [],
  });
  const jobs = createJobs({
    store,
    intake: hall.intake,
    clock: systemClock,
    random: systemRandom,
    hub,
    log: silentLog,
    metrics: silentMetrics,
    notify: hall.notify,
    home: async () => undefined,
    tellOwner: async () => {},
    abort: (turnId) => hall.abort({ turnId }),
    owner: `test.${boot}`,
    leaseMs: 15_000,
    sweepMs: 20,
    keepRuns: 100,
    pauseAfter: 10,
    maxRunMs: 60_000,
    maxJobs: 100,
    rules: { timeZone: "UTC", agents: () => ["main", "helper"], reaches: ({ channel }) => channel === "telegram", requireModel: () => {} },
  });
  const hooks = createHooks({
    config: given.hooks ?? (() => v.parse(hooksConfig, {})),
    agents: () => ["main", "helper"],
    requireModel: () => {},
    intake: hall.intake,
    home: async () => undefined,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const config: Record<string, unknown> = { gateway: { port: 1 }, agents: { model: "scripted:test" } };
  const sent: { address: unknown; message: unknown }[] = [];
  const secrets = new Map<string, string>();
  const stops: string[] = [];
  const unknownChannel = (channel: string) => new RequestError("channel_not_found", `no channel ${channel}`);
  const deps: GatewayDeps = {
    store,
    intake: hall.intake,
    bus,
    gatewayId: "test-gateway",
    hub,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: silentMetrics,
    metricsText: async () => "clanker_up 1\n",
    blobs,
    config: {
      get: async (key) => ({
        value:
          key === undefined
            ? structuredClone(config)
            : key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], config),
        digest: sha256Hex(JSON.stringify(config)),
      }),
      set: async (key) => ({ applied: [key], restart_required: [], digest: sha256Hex(JSON.stringify(config)) }),
      patch: async (patch, digest) => {
        if (digest !== undefined && digest !== sha256Hex(JSON.stringify(config))) throw new RequestError("config_changed", "the config has changed");
        Object.assign(config, patch);
        return { applied: Object.keys(patch), restart_required: [], digest: sha256Hex(JSON.stringify(config)) };
      },
      reload: async () => ({ applied: [], restart_required: [], digest: sha256Hex(JSON.stringify(config)) }),
      validate: async (wanted) => ("gateway" in (wanted as object) ? [] : [{ key: "gateway", message: "is missing" }]),
      schema: async () => ({ type: "object" }),
    },
    channels: {
      list: () => [{ channel: "telegram", account: "default", status }],
      connect: async (channel) => {
        if (channel !== "telegram") throw unknownChannel(channel);
      },
      disconnect: async (channel) => {
        if (channel !== "telegram") throw unknownChannel(channel);
      },
      login: async (channel) => {
        if (channel !== "telegram") throw unknownChannel(channel);
        return { login_id: "login-1", number: 1, step: { type: "qr", text: "2@picture" } };
      },
      loginNext: async (login_id, after) => ({ login_id, number: after + 1, step: { type: "linked", identity: "+4917012345" } }),
      logout: async (channel) => {
        if (channel !== "telegram") throw unknownChannel(channel);
      },
      webhook: (channel) => (channel === "telegram" ? async (request) => new Response(await request.text()) : undefined),
      send: async (address, message) => {
        if (address.channel !== "telegram") throw unknownChannel(address.channel);
        sent.push({ address, message });
        return { delivery_id: "d1" };
      },
    },
    models: {
      list: () => provider.models(),
      default: "scripted:test",
      require: (name) => {
        if (!name.startsWith("scripted:"))
          throw new ModelError("provider_not_found", `no provider of ${name} is configured`, "invalid", { hint: "use scripted" });
      },
    },
    agents: {
      list: () => [
        { name: "main", model: "scripted:test" },
        { name: "helper", model: "scripted:test" },
      ],
    },
    turns: { abort: (which) => hall.abort(which), compact: (sessionId) => hall.compact(sessionId) },
    usage: { spending: hall.spending, priceOf: () => undefined, pricesAsOf: "2026-01-01", timeZone: "UTC" },
    jobs,
    hooks,
    stateless: (input, onEvent, signal) => hall.stateless(input, { onEvent, signal }),
    logs: { tail: async ({ limit }) => [{ at: 1, level: "info" as const, message: "hello" }].slice(0, limit) },
    people: { purge: async (person) => ({ ...(await hall.purge(person)), logLines: 0, aside: [] }), logLines: () => [] },
    backups: {
      make: async ({ workspaces }) => ({
        folder: "/backups/one",
        created_at: 1,
        version: "test",
        by: "person",
        bytes: 0,
        files: 0,
        database: false,
        workspaces,
      }),
      list: async () => [],
    },
    tools: hall.outside,
    pairing: hall.pairing,
    audit: { verify: () => verifyAudit(store, { sign: (text) => text, verify: (text, signature) => text === signature }) },
    secrets: {
      list: async () => [...secrets.keys()],
      place: async (name) => (secrets.has(name) ? "file" : undefined),
      set: async (name, value) => void secrets.set(name, value),
      remove: async (name) => secrets.delete(name),
    },
    system: { info: () => systemFacts({ configFile: "/config.toml", dataFolder: "/data" }), stop: (reason) => stops.push(reason) },
    health: () => ({ ready: true, reasons: [] }),
    version: "test",
    boot,
    ...given.deps,
  };
  const gateway = createGateway({ ...DEFAULT_OPTIONS, port: 0, auth: { mode: "token", token: TOKEN }, ...given.options }, deps);
  const stopped = new AbortController();
  const lanes = Promise.all([hall.lanes.start(stopped.signal), jobs.start(stopped.signal)]);
  const stopHall = async () => {
    await hall.lanes.drain(1_000);
    stopped.abort();
    await lanes;
    await store.close();
  };
  const { port } = await gateway.start().catch(async (error: unknown) => {
    await stopHall();
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  const call = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...(init.headers as object) } });
  return {
    gateway,
    deps,
    hub,
    provider,
    port,
    url,
    ws: `ws://127.0.0.1:${port}/ws`,
    config,
    sent,
    secrets,
    stops,
    call,
    post: (path, body, headers = {}) => call(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }),
    async stop() {
      await gateway.stop({ graceMs: 500 });
      await stopHall();
    },
  };
}

/** Text of the newest user message a model sees, without the line that says where it came from. */
export function lastText(entries: readonly { readonly content: { readonly role: string } }[]): string {
  const last = entries.findLast(({ content }) => content.role === "user")?.content as { message: { parts: { type: string; text?: string }[] } } | undefined;
  const text = last?.message.parts.map((part) => part.text ?? part.type).join(" ") ?? "";
  return text.replace(/^\[[^\]]*\]\n/, "");
}

export interface Frame {
  readonly jsonrpc: string;
  readonly id?: number | string | null;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string; readonly hint?: string; readonly retry_after_ms?: number };
  };
  readonly method?: string;
  readonly params?: { readonly event: string; readonly seq: number; readonly session?: string; readonly payload: Record<string, unknown> };
}

/** A raw socket whose frames can be awaited one after the other. */
export class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames: (Frame | Frame[])[] = [];
  #wake = () => {};
  #id = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => resolve({ code, reason: String(reason) })));
    this.socket.on("message", (data) => {
      this.#frames.push(JSON.parse(String(data)) as Frame);
      this.#wake();
    });
    this.socket.on("error", () => {});
  }

  static async open(url: string, headers?: Record<string, string>): Promise<RawClient> {
    const client = new RawClient(url, headers);
    await new Promise<void>((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    return client;
  }

  /** Connected and authenticated. */
  static authenticated(gateway: TestGateway): Promise<RawClient> {
    return RawClient.open(gateway.ws, { authorization: `Bearer ${TOKEN}` });
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame that `wanted` accepts; others before it are dropped. */
  async next(wanted: (frame: Frame) => boolean = () => true): Promise<Frame> {
    return (await this.nextRaw((frame) => !Array.isArray(frame) && wanted(frame))) as Frame;
  }

  async nextRaw(wanted: (frame: Frame | Frame[]) => boolean = () => true): Promise<Frame | Frame[]> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if (wanted(frame)) return frame;
    }
  }

  async call(method: string, params?: unknown): Promise<Frame> {
    const id = ++this.#id;
    this.send({ jsonrpc: "2.0", id, method, params });
    return this.next((frame) => frame.id === id);
  }

  event(name: string): Promise<Frame> {
    return this.next((frame) => frame.params?.event === name);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
