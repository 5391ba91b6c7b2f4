/** What the benches of all channel adapters share: the real doors to the network, a recording intake and log, blobs in memory. */
import { inspect } from "node:util";
import type { Blobs } from "../../src/core/blobs.ts";
import type { Channel, ChannelDeps } from "../../src/core/channel.ts";
import type { Keep } from "../../src/core/keep.ts";
import type { Log } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Random } from "../../src/core/random.ts";
import { createHttp, createSockets, createStreams } from "../../src/security/host/egress/index.ts";
import { realClock } from "../fakes/real-clock.ts";
import { createRecordingIntake, type RecordingIntake } from "./recording-intake.ts";

export { realClock };

export const realRandom: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), number: () => Math.random() };

export type MemoryBlobs = Blobs & { add(bytes: Uint8Array, type: string, name?: string): string };

/** What every bench hands out beside its fake platform. */
export interface ChannelBench {
  readonly intake: RecordingIntake;
  readonly channel: Channel;
  readonly blobs: MemoryBlobs;
  /** Everything logged so far, as text. */
  logs(): string;
  /** Starts it; `close` stops it. */
  start(): void;
  stop(): Promise<void>;
  /** Stops the adapter, then its doors. */
  close(): Promise<void>;
}

export interface ChannelBenchOptions {
  readonly intake?: RecordingIntake | undefined;
  /** What was on record before, whatever the cursor's name. */
  readonly cursor?: string | undefined;
  readonly deps?: Partial<ChannelDeps> | undefined;
}

/** @param make the adapter under test over these deps. */
export function createChannelBench(options: ChannelBenchOptions, make: (deps: ChannelDeps) => Channel): ChannelBench {
  const intake = options.intake ?? createRecordingIntake();
  const lines: string[] = [];
  const log = recordingLog(lines);
  const blobs = memoryBlobs();
  const http = createHttp({ log });
  const channel = make({
    intake,
    http,
    untrusted: http,
    sockets: createSockets({ log, clock: realClock }),
    streams: createStreams({ log, clock: realClock }),
    blobs,
    clock: realClock,
    random: realRandom,
    log,
    metrics: silentMetrics,
    companions: { start: unused, libraryFolders: [] },
    cursor: async (name) => intake.cursors.findLast((cursor) => cursor.name === name)?.value ?? options.cursor,
    keep: memoryKeep(),
    ...options.deps,
  });
  let stopping = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const stop = async () => {
    intake.release();
    stopping.abort();
    await done;
    stopping = new AbortController();
  };
  return {
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
    },
  };
}

/** What an adapter uses that needs one is handed in by its own harness. */
function unused(): never {
  throw new Error("this bench has none");
}

function recordingLog(lines: string[]): Log {
  const write = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void lines.push(`${level} ${message} ${fields === undefined ? "" : inspect(fields, { depth: 10 })}`);
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: () => log };
  return log;
}

/** @param records what is kept, where a test wants to look or to start with it */
export function memoryKeep(records: Uint8Array[] = []): Keep {
  return {
    read: async () => [...records],
    append: async (record) => void records.push(record),
    replace: async (all) => void records.splice(0, records.length, ...all),
    clear: async () => void records.splice(0),
  };
}

function memoryBlobs(): MemoryBlobs {
  const stored = new Map<string, { id: string; bytes: Uint8Array; type: string; name?: string; size: number; sha256: string }>();
  const add = (bytes: Uint8Array, type: string, name?: string): string => {
    const id = `blob${stored.size + 1}`;
    stored.set(id, { id, bytes, type, size: bytes.length, sha256: "00", ...(name === undefined ? {} : { name }) });
    return id;
  };
  return { add, put: async (bytes, info) => stored.get(add(bytes, info.type, info.name))!, get: async (id) => stored.get(id) };
}
