import { createLine, type LineAccountConfig, type LineTiming } from "../../../src/channels/line/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeLine, startFakeLine } from "../../fakes/line/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const TOKEN = "canary-line-AbCdEf";
export const SECRET = "line-channel-secret";

export const FAST: Partial<LineTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 100, recheckMs: 30, replyMs: 30_000, prepareMs: 5 };

export interface Bench extends ChannelBench {
  readonly line: FakeLine;
  readonly hook: string;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<LineAccountConfig>;
  readonly timing?: Partial<LineTiming>;
  /** A fake that was there before: the account has been started anew. */
  readonly line?: FakeLine;
}

/** The adapter over the real doors to the network against a fake LINE, which posts to a real listener. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const line = options.line ?? (await startFakeLine({ token: TOKEN, secret: SECRET }));
  const late: { channel?: Channel } = {};
  const listener = await listenForWebhook({ webhook: (request) => late.channel!.webhook!(request) }, "/channels/line/webhook");
  const bench = createChannelBench(options, (deps) =>
    createLine(
      {
        account: "default",
        channel_secret: new Secret("line secret", SECRET),
        access_token: new Secret("line", TOKEN),
        public_url: listener.url,
        api_root: line.url,
        data_root: line.url,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  late.channel = bench.channel;
  return {
    ...bench,
    line,
    hook: listener.url,
    async close() {
      await bench.close();
      if (options.line === undefined) await line.close();
      await listener.close();
    },
  };
}

export const ready = (bench: Bench) => bench.line.until(() => bench.channel.status().state === "ready");

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => sendTarget("line", conversation, more);
