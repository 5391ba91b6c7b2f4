import { Secret } from "../../../src/core/secret.ts";
import { createDiscord, type DiscordAccountConfig, type DiscordTiming } from "../../../src/channels/discord/index.ts";
import { type FakeDiscord, startFakeDiscord } from "../../fakes/discord/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const TOKEN = "canary-token-AbCdEf.x";

export const FAST: Partial<DiscordTiming> = { helloMs: 2_000, minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 20, invalidMinMs: 1, invalidMaxMs: 5 };

export interface Bench extends ChannelBench {
  readonly discord: FakeDiscord;
  /** Now, or as soon as a session stands: before that nothing is sent to anybody. */
  whenReady(run: () => void): void;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<DiscordAccountConfig>;
  readonly timing?: Partial<DiscordTiming>;
  readonly fake?: { readonly heartbeatMs?: number };
}

/** The adapter over the real doors to the network against a fake Discord. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const discord = await startFakeDiscord({ token: TOKEN, ...options.fake });
  const bench = createChannelBench(options, (deps) =>
    createDiscord(
      {
        account: "default",
        token: new Secret("discord", TOKEN),
        api_root: discord.url,
        streaming: true,
        slash_commands: true,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  const { channel } = bench;
  const waiting: (() => void)[] = [];
  return {
    ...bench,
    discord,
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
    async close() {
      await bench.close();
      await discord.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}
