import { createFeishu, type FeishuAccountConfig, type FeishuTiming } from "../../../src/channels/feishu/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { APP, type FakeFeishu, startFakeFeishu } from "../../fakes/feishu/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const APP_SECRET = "canary-feishu-AbCdEf";
export const ENCRYPT_KEY = "feishu-encrypt-key";

export const FAST: Partial<FeishuTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 60, pingMs: 60, pongMs: 3_000 };

export interface Bench extends ChannelBench {
  readonly feishu: FakeFeishu;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<FeishuAccountConfig>;
  readonly timing?: Partial<FeishuTiming>;
}

/** The adapter over the real doors to the network against a fake Feishu; in webhook mode behind a real listener. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const feishu = await startFakeFeishu({ secret: APP_SECRET, encryptKey: ENCRYPT_KEY });
  const late: { channel?: Channel } = {};
  const webhook = options.config?.mode === "webhook";
  const listener = webhook ? await listenForWebhook({ webhook: (request) => late.channel!.webhook!(request) }, "/channels/feishu/webhook") : undefined;
  feishu.state.hook = listener?.url;
  const bench = createChannelBench(options, (deps) =>
    createFeishu(
      {
        account: "default",
        app_id: APP,
        app_secret: new Secret("feishu", APP_SECRET),
        mode: "socket",
        encrypt_key: webhook ? new Secret("feishu key", ENCRYPT_KEY) : undefined,
        api_root: feishu.url,
        sender_ids: "open_id",
        streaming: true,
        reply_in_thread: true,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  late.channel = bench.channel;
  return {
    ...bench,
    feishu,
    async close() {
      await bench.close();
      await feishu.close();
      await listener?.close();
    },
  };
}

export const ready = (bench: Bench) => bench.feishu.until(() => bench.channel.status().state === "ready");

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget => sendTarget("feishu", conversation, more);
