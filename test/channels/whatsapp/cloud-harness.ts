import { createCloud } from "../../../src/channels/whatsapp/cloud/create-cloud.ts";
import type { CloudTiming, WhatsappCloudConfig } from "../../../src/channels/whatsapp/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { ANN, type FakeCloud, NUMBER_ID, startFakeCloud, VERSION } from "../../fakes/whatsapp/cloud.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const TOKEN = "canary-whatsapp-AbCdEf";
export const APP_SECRET = "canary-app-secret-0123456789";
export const VERIFY = "canary-verify-token-0123456789";

const FAST: Partial<CloudTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 60, statusMs: 10_000, doubtMs: 200, typingMs: 20_000 };

export interface CloudBench extends ChannelBench {
  readonly cloud: FakeCloud;
  readonly hook: string;
}

export interface CloudBenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<WhatsappCloudConfig>;
  readonly timing?: Partial<CloudTiming>;
}

/** The adapter over the real doors to the network against a fake Graph API that posts to a real listener. */
export async function createCloudBench(options: CloudBenchOptions = {}): Promise<CloudBench> {
  const cloud = await startFakeCloud({ token: TOKEN, appSecret: APP_SECRET });
  const late: { channel?: Channel } = {};
  const listener = await listenForWebhook({ webhook: (request) => late.channel!.webhook!(request) }, "/channels/whatsapp/webhook");
  cloud.hookAt(listener.url);
  const bench = createChannelBench(options, (deps) =>
    createCloud(
      {
        mode: "cloud",
        account: "default",
        phone_number_id: NUMBER_ID,
        token: new Secret("whatsapp", TOKEN),
        app_secret: new Secret("app", APP_SECRET),
        verify_token: new Secret("verify", VERIFY),
        api_root: cloud.url,
        api_version: VERSION,
        mark_read: true,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  late.channel = bench.channel;
  return {
    ...bench,
    cloud,
    hook: listener.url,
    async close() {
      await bench.close();
      await cloud.close();
      await listener.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withCloud(body: (bench: CloudBench) => Promise<void>, options: CloudBenchOptions = {}): Promise<void> {
  return runBench(createCloudBench(options), body);
}

let counter = 0;

export function target(conversation: string = ANN, more: Partial<SendTarget> = {}): SendTarget {
  return { address: { channel: "whatsapp", account: "default", conversation }, nonce: `n${++counter}`, signal: new AbortController().signal, ...more };
}
