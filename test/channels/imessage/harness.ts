import { createImessage, type ImessageAccountConfig, type ImessageTiming } from "../../../src/channels/imessage/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeBlueBubbles, startFakeBlueBubbles } from "../../fakes/bluebubbles/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";

export const PASSWORD = "canary imessage/&?=AbC";

export const FAST: Partial<ImessageTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, pollMs: 20, pokeMs: 5, typingMs: 1_000 };

export interface Bench extends ChannelBench {
  readonly mac: FakeBlueBubbles;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<ImessageAccountConfig>;
  readonly timing?: Partial<ImessageTiming>;
  readonly os?: string;
}

/** The adapter over the real doors to the network against a fake BlueBubbles server. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const mac = await startFakeBlueBubbles({ password: PASSWORD, ...(options.os === undefined ? {} : { os: options.os }) });
  const config: ImessageAccountConfig = {
    account: "default",
    via: "bluebubbles",
    command: [],
    url: mac.url,
    password: new Secret("imessage", PASSWORD),
    private_api: true,
    poll_seconds: 3,
    names: ["clanker"],
    read_receipts: true,
    ...options.config,
  };
  const bench = createChannelBench(options, (deps) => createImessage(config, deps, { ...FAST, ...options.timing }));
  return {
    ...bench,
    mac,
    async close() {
      await bench.close();
      await mac.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => sendTarget("imessage", conversation, more);
