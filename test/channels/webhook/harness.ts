import { createWebhook, type WebhookAccountConfig } from "../../../src/channels/webhook/index.ts";
import type { Channel } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startWebhookProgram, type WebhookProgram } from "../../fakes/webhook-program.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const SECRET = "canary-webhook-AbCdEf";

export interface Bench extends ChannelBench {
  readonly program: WebhookProgram;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<WebhookAccountConfig>;
}

/** The adapter behind a real listener, with a program at the other end. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const program = await startWebhookProgram(SECRET);
  const bench = createChannelBench(options, (deps): Channel =>
    createWebhook({ account: "default", url: program.url, secret: new Secret("webhook", SECRET), streaming: true, ...options.config }, deps, {
      minBackoffMs: 5,
      maxBackoffMs: 40,
      checkMs: 50,
    }),
  );
  const listener = await listenForWebhook(bench.channel, "/channels/webhook/webhook");
  program.gateway = listener.url;
  return {
    ...bench,
    program,
    async close() {
      await bench.close();
      await program.close();
      await listener.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}
