import { inspect } from "node:util";
import type { Blobs } from "../../../src/core/blobs.ts";
import type { Channel } from "../../../src/core/channel.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { Log } from "../../../src/core/log.ts";
import { silentMetrics } from "../../../src/core/metrics.ts";
import type { Random } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createDiscord, type DiscordAccountConfig, type DiscordTiming } from "../../../src/channels/discord/index.ts";
import { createHttp, createSockets } from "../../../src/security/host/egress/index.ts";
import { type FakeDiscord, startFakeDiscord } from "../../fakes/discord/index.ts";
import { createRecordingIntake, type RecordingIntake } from "../recording-intake.ts";

export const TOKEN = "canary-token-AbCdEf.x";

/** The machine's clock: these tests wait for real sockets. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const realRandom: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), number: () => Math.random() };

export const FAST: Partial<DiscordTiming> = { helloMs: 2_000, minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 20, invalidMinMs: 1, invalidMaxMs: 5 };

export interface Bench {
  readonly discord: FakeDiscord;
  readonly intake: RecordingIntake;
  readonly channel: Channel;
  readonly blobs: Blobs & { add(bytes: Uint8Array, type: string, name?: string): string };
  logs(): string;
  /** Now, or as soon as a session stands: before that nothing is sent to anybody. */
  whenReady(run: () => void): void;
  /** Starts it; `close` stops it. */
  start(): void;
  stop(): Promise<void>;
  /** Stops the adapter, then the fake. */
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly intake?: RecordingIntake;
  readonly config?: Partial<DiscordAccountConfig>;
  readonly timing?: Partial<DiscordTiming>;
  readonly fake?: { readonly heartbeatMs?: number };
  readonly cursor?: string;
}

/** The adapter over the real Http door against a fake Discord. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const discord = await startFakeDiscord({ token: TOKEN, ...options.fake });
  const intake = options.intake ?? createRecordingIntake();
  const lines: string[] = [];
  const log = recordingLog(lines);
  const blobs = memoryBlobs();
  const http = createHttp({ log });
  const channel = createDiscord(
    {
      account: "default",
      token: new Secret("discord", TOKEN),
      api_root: discord.url,
      streaming: true,
      slash_commands: true,
      ...options.config,
    },
    {
      intake,
      http,
      sockets: createSockets({ log, clock: realClock }),
      blobs,
      clock: realClock,
      random: realRandom,
      log,
      metrics: silentMetrics,
      cursor: async (name) => intake.cursors.findLast((cursor) => cursor.name === name)?.value ?? options.cursor,
    },
    { ...FAST, ...options.timing },
  );
  const waiting: (() => void)[] = [];
  let stopping = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const stop = async () => {
    intake.release();
    stopping.abort();
    await done;
    stopping = new AbortController();
  };
  return {
    discord,
    intake,
    channel,
    blobs,
    logs: () => lines.join("\n"),
    whenReady(run) {
      if (channel.status().state === "ready" && waiting.length === 0) return run();
      waiting.push(run);
      if (waiting.length > 1) return;
      void discord
        .until(() => channel.status().state === "ready")
        .then(
          () => waiting.splice(0).forEach((one) => one()),
          () => {},
        );
    },
    start() {
      done = channel.start(stopping.signal);
    },
    stop,
    async close() {
      await stop();
      http.close();
      await discord.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export async function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  const bench = await createBench(options);
  try {
    bench.start();
    await bench.discord.until(() => bench.channel.status().state === "ready");
    await body(bench);
  } finally {
    await bench.close();
  }
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
