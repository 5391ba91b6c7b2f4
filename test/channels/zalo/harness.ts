import { createZalo, type ZaloAccountConfig, type ZaloTiming } from "../../../src/channels/zalo/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeZalo, startFakeZalo } from "../../fakes/zalo/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const TOKEN = "12345689:canary-zalo-AbCdEf";
export const SECRET = "canary-zalo-webhook-secret";

const FAST: Partial<ZaloTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 60 };

export interface Bench extends ChannelBench {
  readonly zalo: FakeZalo;
  readonly hook: string;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<ZaloAccountConfig>;
  readonly timing?: Partial<ZaloTiming>;
}

/** The adapter over the real doors to the network against a fake Zalo, which posts to a real listener. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const zalo = await startFakeZalo({ token: TOKEN });
  const late: { channel?: Channel } = {};
  const listener = await listenForWebhook({ webhook: (request) => late.channel!.webhook!(request) }, "/channels/zalo/webhook");
  const bench = createChannelBench(options, (deps) =>
    createZalo(
      {
        account: "default",
        token: new Secret("zalo", TOKEN),
        webhook_secret: new Secret("zalo webhook", SECRET),
        public_url: listener.url,
        api_root: zalo.url,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  late.channel = bench.channel;
  return {
    ...bench,
    zalo,
    hook: listener.url,
    async close() {
      await bench.close();
      await zalo.close();
      await listener.close();
    },
  };
}

export const ready = (bench: Bench) => bench.zalo.until(() => bench.channel.status().state === "ready");

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export function target(conversation: string, more: Partial<SendTarget> = {}): SendTarget {
  return { address: { channel: "zalo", account: "default", conversation }, nonce: "n1", signal: AbortSignal.timeout(10_000), ...more };
}
