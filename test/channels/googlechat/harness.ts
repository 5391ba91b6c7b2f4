import { createGoogleChat, type GoogleChatAccountConfig, type GoogleChatTiming } from "../../../src/channels/googlechat/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeGoogleChat, PROJECT, startFakeGoogleChat } from "../../fakes/googlechat/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const FAST: Partial<GoogleChatTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 50, keysCooldownMs: 0 };

export interface Bench extends ChannelBench {
  readonly chat: FakeGoogleChat;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<GoogleChatAccountConfig>;
}

/** The adapter behind a real listener, over the real doors to the network against a fake Google. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const chat = await startFakeGoogleChat();
  const bench = createChannelBench(options, (deps): Channel =>
    createGoogleChat(
      {
        account: "default",
        service_account: new Secret("googlechat", chat.keyFile),
        audience: PROJECT,
        streaming: true,
        api_url: chat.origin,
        token_url: `${chat.origin}/token`,
        keys_url: `${chat.origin}/keys`,
        ...options.config,
      },
      deps,
      FAST,
    ),
  );
  const listener = await listenForWebhook(bench.channel, "/channels/googlechat/webhook");
  chat.gateway = listener.url;
  return {
    ...bench,
    chat,
    async close() {
      await bench.close();
      await chat.close();
      await listener.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget => sendTarget("googlechat", conversation, more);
