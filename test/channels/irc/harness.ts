import { createIrc, type IrcAccountConfig, type IrcTiming } from "../../../src/channels/irc/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FaultProxy, startFaultProxy } from "../../faults/fault-proxy.ts";
import { waitFor } from "../../fakes/wait-for.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const PASSWORD = "canary-irc-AbCdEf";

export const FAST: Partial<IrcTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 50, pingMs: 200, answerMs: 2_000, nickMs: 300, burst: 20, lineMs: 20 };

export interface Bench extends ChannelBench {
  /** The wire between adapter and server. */
  readonly wire: FaultProxy;
  until(condition: () => boolean): Promise<void>;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<IrcAccountConfig>;
  readonly timing?: Partial<IrcTiming>;
}

/** The adapter over the real door to streams, through a wire that can be cut, to a server on this port. */
export async function createBench(port: number, options: BenchOptions = {}): Promise<Bench> {
  const wire = await startFaultProxy(port, Math.random);
  const bench = createChannelBench(options, (deps) =>
    createIrc(
      {
        account: "default",
        server: "127.0.0.1",
        port: wire.port,
        tls: false,
        nick: "clanker",
        channels: [],
        server_password: new Secret("irc", PASSWORD),
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  return {
    ...bench,
    wire,
    until: (condition) => waitFor(new Set(), condition),
    async close() {
      wire.mode = "pass";
      await bench.close();
      await wire.close();
    },
  };
}

/** Runs `body` with a bench that is ready and closes it whatever happens. */
export function withBench(port: number, body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(port, options), body);
}
