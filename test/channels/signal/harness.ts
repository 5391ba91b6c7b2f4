import { createSignal, type SignalAccountConfig, type SignalTiming } from "../../../src/channels/signal/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { type FakeSignal, NUMBER, startFakeSignal } from "../../fakes/signal/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";

export const FAST: Partial<SignalTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, silentMs: 2_000, typingMs: 1_000 };

export interface Bench extends ChannelBench {
  readonly signal: FakeSignal;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<SignalAccountConfig>;
  readonly timing?: Partial<SignalTiming>;
  readonly daemon?: Parameters<typeof startFakeSignal>[0];
}

/** The adapter over the real doors to the network against a fake daemon. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const signal = await startFakeSignal(options.daemon);
  const config = { account: "default", url: signal.url, number: NUMBER, read_receipts: true, ...options.config };
  const bench = createChannelBench(options, (deps) => createSignal(config, deps, { ...FAST, ...options.timing }));
  return {
    ...bench,
    signal,
    async close() {
      await bench.close();
      await signal.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => sendTarget("signal", conversation, more);
