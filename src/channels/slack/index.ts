/** Door of the Slack adapter: one bot in one workspace as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { ConfigError } from "../../core/errors.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { createKnownThreads } from "../../lib/known-threads/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { recover, type SlackAccount } from "./account.ts";
import { createApi } from "./api.ts";
import { catchUp } from "./catch-up.ts";
import { MODE_COMPLETE, modeComplete, type SlackAccountConfig } from "./config.ts";
import { fetchMedia } from "./files.ts";
import { createMessageActions } from "./message-actions.ts";
import { createNames } from "./names.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { keepSocket } from "./socket-mode.ts";
import { type SlackTiming, TIMING } from "./timing.ts";
import { keepWebhook, receiveWebhook } from "./webhook.ts";

export type { SlackAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { SlackTiming } from "./timing.ts";

/** chat.update: about 50 a minute for the whole workspace (Web API, rate limits, tier 3). */
const EDIT_PACE_MS = 1_500;

/**
 * @param timing for tests: shorter waits.
 * @throws ConfigError `slack_mode_config` when the mode lacks its token or secret.
 * @example const channel = createSlack({ ...section, account: "default", bot_token }, deps); await channel.start(signal);
 */
export function createSlack(config: SlackAccountConfig, deps: ChannelDeps, timing: Partial<SlackTiming> = {}): Channel {
  if (!modeComplete(config)) {
    throw new ConfigError("slack_mode_config", `slack: mode ${config.mode} without its token or secret`, { hint: MODE_COMPLETE });
  }
  const log = deps.log.child({ channel: "slack", account: config.account });
  const api = createApi(deps.http, config);
  const account: SlackAccount = {
    config,
    deps: { ...deps, log },
    api,
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("slack", { clock: deps.clock, log }),
    names: createNames(api, deps.clock),
    background: createBackground(),
    known: createKnownThreads(),
    me: undefined,
    seen: "",
    newest: "",
    resumed: false,
    gaps: 0,
    readingGap: false,
    behind: false,
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "slack",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: true,
      threads: true,
      idempotentSend: false,
      editPaceMs: EDIT_PACE_MS,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    actions: createMessageActions(account, outbound),
    webhook: (request) => receiveWebhook(account, request),
  };
}

async function run(account: SlackAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  if (await tryUntilDone(account, { channel: "slack", signal, recover }, () => introduce(account, signal))) {
    if (account.config.mode === "socket") await keepSocket(account, signal);
    else {
      if (account.resumed) account.background.run((stopping) => catchUp(account, stopping));
      await keepWebhook(account, signal);
    }
  }
  await account.background.stop();
  account.health.set("stopped");
}

interface Introduction {
  readonly user_id: string;
  readonly bot_id?: string;
  readonly team_id: string;
  readonly enterprise_id?: string;
  readonly user?: string;
  readonly team?: string;
}

/** Who are we? Without the answer neither a mention nor our own words can be recognised, so nothing is received before. */
async function introduce(account: SlackAccount, signal: AbortSignal): Promise<void> {
  const { api, deps, health } = account;
  const { user_id, bot_id, team_id, enterprise_id, user, team } = await api.call<Introduction>("auth.test", {}, { signal });
  account.me = { userId: user_id, botId: bot_id, teamId: team_id, enterpriseId: enterprise_id, name: user ?? user_id };
  health.identify(`@${user ?? user_id}${team === undefined ? "" : ` (${team})`}`);
  const seen = account.seen === "" ? await deps.cursor("seen") : account.seen;
  account.resumed = seen !== undefined;
  account.seen = seen ?? (deps.clock.now() / 1_000).toFixed(6);
  account.newest = account.newest === "" ? account.seen : account.newest;
}
