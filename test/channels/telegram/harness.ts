import { Secret } from "../../../src/core/secret.ts";
import { createTelegram, type TelegramAccountConfig, type TelegramTiming } from "../../../src/channels/telegram/index.ts";
import { type FakeTelegram, type FakeTelegramOptions, startFakeTelegram } from "../../fakes/telegram/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const TOKEN = "123456:canary-token-AbCdEf";
export const ME = { id: 123456, username: "fake_clanker_bot" };

export const FAST: Partial<TelegramTiming> = { pollSeconds: 20, minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 20, checkMs: 50 };

export interface Bench extends ChannelBench {
  readonly telegram: FakeTelegram;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<TelegramAccountConfig>;
  readonly timing?: Partial<TelegramTiming>;
  readonly fake?: FakeTelegramOptions;
}

/** The adapter over the real Http door against a fake Telegram. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const telegram = await startFakeTelegram({ token: TOKEN, ...options.fake });
  const bench = createChannelBench(options, (deps) =>
    createTelegram(
      {
        account: "default",
        token: new Secret("telegram", options.fake?.token ?? TOKEN),
        api_root: telegram.url,
        mode: "polling",
        streaming: true,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  return {
    ...bench,
    telegram,
    async close() {
      await bench.close();
      await telegram.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}
