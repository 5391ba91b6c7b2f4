import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { createSlack, type SlackAccountConfig, type SlackTiming } from "../../../src/channels/slack/index.ts";
import type { Blobs } from "../../../src/core/blobs.ts";
import type { Channel, ChannelDeps, SendTarget } from "../../../src/core/channel.ts";
import type { Log } from "../../../src/core/log.ts";
import { silentMetrics } from "../../../src/core/metrics.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createHttp, createSockets } from "../../../src/security/host/egress/index.ts";
import { type FakeSlack, type FakeSlackOptions, startFakeSlack } from "../../fakes/slack/index.ts";
import { createRecordingIntake, type RecordingIntake } from "../recording-intake.ts";
import { realClock, realRandom } from "../telegram/harness.ts";

export const BOT_TOKEN = "xoxb-canary-AbCdEf";
export const SIGNING_SECRET = "signing-canary-0123";

export const FAST: Partial<SlackTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 20, checkMs: 50, drainMs: 1_000, proofMs: [1, 20] };

export interface Bench {
  readonly slack: FakeSlack;
  readonly intake: RecordingIntake;
  readonly channel: Channel;
  readonly blobs: Blobs & { add(bytes: Uint8Array, type: string, name?: string): string };
  logs(): string;
  start(): void;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly intake?: RecordingIntake;
  readonly config?: Partial<SlackAccountConfig>;
  readonly timing?: Partial<SlackTiming>;
  readonly fake?: FakeSlackOptions;
  readonly deps?: Partial<ChannelDeps>;
  /** What was on record as read. */
  readonly seen?: string;
}

/** The adapter over the real doors to the network against a fake Slack; in webhook mode behind a real listener that Slack posts to. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const slack = await startFakeSlack({ botToken: BOT_TOKEN, signingSecret: SIGNING_SECRET, ...options.fake });
  const intake = options.intake ?? createRecordingIntake();
  const lines: string[] = [];
  const log = recordingLog(lines);
  const blobs = memoryBlobs();
  const http = createHttp({ log });
  const config: SlackAccountConfig = {
    account: "default",
    bot_token: new Secret("slack", BOT_TOKEN),
    app_token: new Secret("slack-app", slack.appToken),
    signing_secret: new Secret("slack-signing", SIGNING_SECRET),
    mode: "socket",
    api_root: slack.apiRoot,
    files_root: slack.url,
    streaming: true,
    reply_in_thread: true,
    ...options.config,
  };
  const deps: ChannelDeps = {
    intake,
    http,
    sockets: createSockets({ log, clock: realClock }),
    blobs,
    clock: realClock,
    random: realRandom,
    log,
    metrics: silentMetrics,
    cursor: async (name) => intake.cursors.findLast((cursor) => cursor.name === name)?.value ?? options.seen,
    ...options.deps,
  };
  const channel = createSlack(config, deps, { ...FAST, ...options.timing });
  const server = config.mode === "webhook" ? await listen(channel) : undefined;
  if (server) slack.deliveries.requestUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/channels/slack/webhook`;
  let stopping = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const stop = async () => {
    intake.release();
    stopping.abort();
    await done;
    stopping = new AbortController();
  };
  return {
    slack,
    intake,
    channel,
    blobs,
    logs: () => lines.join("\n"),
    start() {
      done = channel.start(stopping.signal);
    },
    stop,
    async close() {
      await stop();
      http.close();
      await slack.close();
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server ? void server.close(() => resolve()) : resolve()));
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. The fake must have nothing to complain about. */
export async function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  const bench = await createBench(options);
  try {
    bench.start();
    await bench.slack.until(() => bench.channel.status().state === "ready");
    await body(bench);
    if (bench.slack.violations.length > 0) throw new Error(bench.slack.violations.join("; "));
  } finally {
    await bench.close();
  }
}

export function target(conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget {
  const { thread, ...rest } = more;
  return {
    address: { channel: "slack", account: "default", conversation, ...(thread === undefined ? {} : { thread }) },
    nonce: `n${++nonces.last}`,
    signal: new AbortController().signal,
    ...rest,
  };
}

const nonces = { last: 0 };

async function listen(channel: Channel): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const headers = incoming.headers as Record<string, string>;
      const response = await channel.webhook!(new Request("http://gateway/hook", { method: "POST", headers, body: Buffer.concat(chunks) }));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return server;
}

function recordingLog(lines: string[]): Log {
  const write = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void lines.push(`${level} ${message} ${fields === undefined ? "" : inspect(fields, { depth: 10 })}`);
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: () => log };
  return log;
}

function memoryBlobs(): Bench["blobs"] {
  const stored = new Map<string, { id: string; bytes: Uint8Array; type: string; name?: string; size: number; sha256: string }>();
  const add = (bytes: Uint8Array, type: string, name?: string): string => {
    const id = `blob${stored.size + 1}`;
    stored.set(id, { id, bytes, type, size: bytes.length, sha256: "00", ...(name === undefined ? {} : { name }) });
    return id;
  };
  return { add, put: async (bytes, info) => stored.get(add(bytes, info.type, info.name))!, get: async (id) => stored.get(id) };
}
