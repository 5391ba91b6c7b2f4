import { createMattermost, type MattermostAccountConfig, type MattermostTiming } from "../../../src/channels/mattermost/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeMattermost, startFakeMattermost } from "../../fakes/mattermost/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const TOKEN = "canary-mattermost-AbCdEf";

export const FAST: Partial<MattermostTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, helloMs: 300, pingMs: 100, pongMs: 300 };

export interface Bench extends ChannelBench {
  readonly mattermost: FakeMattermost;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<MattermostAccountConfig>;
  /** Buttons, over a real listener. */
  readonly buttons?: boolean;
}

/** The adapter over the real doors to the network against a fake Mattermost. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const mattermost = await startFakeMattermost({ token: TOKEN });
  const late: { channel?: Channel } = {};
  const listener =
    options.buttons === true ? await listenForWebhook({ webhook: (request) => late.channel!.webhook!(request) }, "/channels/mattermost/webhook") : undefined;
  const bench = createChannelBench(options, (deps) =>
    createMattermost(
      {
        account: "default",
        url: mattermost.url,
        token: new Secret("mattermost", TOKEN),
        streaming: true,
        reply_in_thread: true,
        ...(listener === undefined ? {} : { callback_url: listener.url, callback_secret: new Secret("callback", "callback-secret-0123456789") }),
        ...options.config,
      },
      deps,
      FAST,
    ),
  );
  late.channel = bench.channel;
  return {
    ...bench,
    mattermost,
    async close() {
      await bench.close();
      await mattermost.close();
      await listener?.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget => sendTarget("mattermost", conversation, more);
