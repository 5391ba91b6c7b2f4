import { createTwitch, type TwitchAccountConfig, type TwitchTiming } from "../../../src/channels/twitch/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { CHAT, type FakeTwitch, startFakeTwitch } from "../../fakes/twitch/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const REFRESH = "canary-twitch-refresh-AbCdEf";

export const FAST: Partial<TwitchTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, welcomeMs: 1_000, graceMs: 2_000 };

export interface Bench extends ChannelBench {
  readonly twitch: FakeTwitch;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<TwitchAccountConfig>;
  readonly timing?: Partial<TwitchTiming>;
  /** Before the adapter is made. */
  readonly prepare?: (twitch: FakeTwitch) => void;
}

/** The adapter over the real doors to the network against a fake Twitch. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const twitch = await startFakeTwitch({ refreshToken: REFRESH, clientSecret: "canary-client-secret" });
  options.prepare?.(twitch);
  const bench = createChannelBench(options, (deps) =>
    createTwitch(
      {
        account: "default",
        client_id: "0123456789abcdef",
        client_secret: new Secret("client", "canary-client-secret"),
        refresh_token: new Secret("refresh", REFRESH),
        channels: [CHAT],
        moderate: true,
        ...options.config,
      },
      deps,
      { timing: { ...FAST, ...options.timing }, places: twitch.places },
    ),
  );
  return {
    ...bench,
    twitch,
    async close() {
      await bench.close();
      await twitch.close();
    },
  };
}

/** Runs `body` with a bench that is ready and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export function target(more: Partial<SendTarget> = {}): SendTarget {
  return { address: { channel: "twitch", account: "default", conversation: CHAT }, nonce: "n", signal: new AbortController().signal, ...more };
}
