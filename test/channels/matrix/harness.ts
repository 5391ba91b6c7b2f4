import { createMatrix, type MatrixAccountConfig, type MatrixTiming } from "../../../src/channels/matrix/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeMatrix, startFakeMatrix } from "../../fakes/matrix/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, memoryKeep, runBench, sendTarget } from "../harness.ts";

export const TOKEN = "canary-matrix-AbCdEf";

export const FAST: Partial<MatrixTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, syncMs: 2_000, graceMs: 5_000, keysMs: 50 };

export interface Bench extends ChannelBench {
  readonly matrix: FakeMatrix;
  /** What the account keeps. */
  readonly kept: Uint8Array[];
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<MatrixAccountConfig>;
  readonly matrix?: FakeMatrix;
  readonly kept?: Uint8Array[];
  readonly timing?: Partial<MatrixTiming>;
}

/** The adapter over the real doors to the network against a fake homeserver; it has been there before, unless `cursor` is empty. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const matrix = options.matrix ?? (await startFakeMatrix({ token: TOKEN }));
  const kept = options.kept ?? [];
  const cursor = options.cursor ?? `s${matrix.world.pos}`;
  const given = { ...options, cursor: cursor === "" ? undefined : cursor, deps: { keep: memoryKeep(kept), ...options.deps } };
  const bench = createChannelBench(given, (deps) =>
    createMatrix(
      {
        account: "default",
        homeserver: matrix.url,
        access_token: new Secret("matrix", TOKEN),
        user: undefined,
        password: undefined,
        device_name: "Open Clanker",
        recovery_key: undefined,
        encryption: true,
        streaming: true,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  return {
    ...bench,
    matrix,
    kept,
    async close() {
      await bench.close();
      if (options.matrix === undefined) await matrix.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget => sendTarget("matrix", conversation, more);
