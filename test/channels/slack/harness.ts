import { createSlack, type SlackAccountConfig, type SlackTiming } from "../../../src/channels/slack/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeSlack, type FakeSlackOptions, startFakeSlack } from "../../fakes/slack/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const BOT_TOKEN = "xoxb-canary-AbCdEf";
export const SIGNING_SECRET = "signing-canary-0123";

export const FAST: Partial<SlackTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 20, checkMs: 50, drainMs: 1_000, proofMs: [1, 20] };

export interface Bench extends ChannelBench {
  readonly slack: FakeSlack;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<SlackAccountConfig>;
  readonly timing?: Partial<SlackTiming>;
  readonly fake?: FakeSlackOptions;
}

/** The adapter over the real doors to the network against a fake Slack; in webhook mode behind a real listener that Slack posts to. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const slack = await startFakeSlack({ botToken: BOT_TOKEN, signingSecret: SIGNING_SECRET, ...options.fake });
  const config: SlackAccountConfig = {
    account: "default",
    bot_token: new Secret("slack", BOT_TOKEN),
    app_token: new Secret("slack-app", slack.appToken),
    signing_secret: new Secret("slack-signing", SIGNING_SECRET),
    mode: "socket",
    api_root: slack.apiRoot,
    files_root: slack.url,
    streaming: true,
    reply_in_thread: true,
    ...options.config,
  };
  const bench = createChannelBench(options, (deps) => createSlack(config, deps, { ...FAST, ...options.timing }));
  const listener = config.mode === "webhook" ? await listenForWebhook(bench.channel, "/channels/slack/webhook") : undefined;
  if (listener) slack.deliveries.requestUrl = listener.url;
  return {
    ...bench,
    slack,
    async close() {
      await bench.close();
      await slack.close();
      await listener?.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. The fake must have nothing to complain about. */
export async function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  const bench = await createBench(options);
  try {
    bench.start();
    await bench.slack.until(() => bench.channel.status().state === "ready");
    await body(bench);
    if (bench.slack.violations.length > 0) throw new Error(bench.slack.violations.join("; "));
  } finally {
    await bench.close();
  }
}

export function target(conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget {
  const { thread, ...rest } = more;
  return {
    address: { channel: "slack", account: "default", conversation, ...(thread === undefined ? {} : { thread }) },
    nonce: `n${++nonces.last}`,
    signal: new AbortController().signal,
    ...rest,
  };
}

const nonces = { last: 0 };
