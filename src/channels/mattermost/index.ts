/** Door of the Mattermost adapter: one bot account on one server as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { createKnownThreads } from "../../lib/known-threads/index.ts";
import { type MattermostAccount, recover } from "./account.ts";
import { createApi } from "./api.ts";
import type { MattermostAccountConfig } from "./config.ts";
import { createMessageActions } from "./message-actions.ts";
import { createOutbound } from "./outbound.ts";
import { receivePress } from "./press.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { keepSocket } from "./socket.ts";
import { type MattermostTiming, TIMING } from "./timing.ts";

export type { MattermostAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { MattermostTiming } from "./timing.ts";

/** The server's own limit, where one is set, is ten requests a second for everything. */
const EDIT_PACE_MS = 1_000;

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createMattermost({ ...section, account: "default", url, token }, deps); await channel.start(signal);
 */
export function createMattermost(config: MattermostAccountConfig, deps: ChannelDeps, timing: Partial<MattermostTiming> = {}): Channel {
  const log = deps.log.child({ channel: "mattermost", account: config.account });
  const credential = { in: "header", name: "authorization", prefix: "Bearer ", secret: config.token } as const;
  const account: MattermostAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(deps.http, { baseUrl: config.url, credential }),
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("mattermost", { clock: deps.clock, log }),
    background: createBackground(),
    known: createKnownThreads(),
    me: undefined,
    seen: 0,
    directs: new Map(),
    threads: new Set(),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "mattermost",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: config.callback_url !== undefined,
      threads: true,
      idempotentSend: true,
      editPaceMs: EDIT_PACE_MS,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: outbound.fetchMedia,
    actions: createMessageActions(account, outbound),
    webhook: (request) => receivePress(account, request),
  };
}

async function run(account: MattermostAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  if (await tryUntilDone(account, { channel: "mattermost", signal, recover }, () => introduce(account, signal))) await keepSocket(account, signal);
  await account.background.stop();
  account.health.set("stopped");
}

/** Who are we? Without the answer neither a mention nor our own words can be recognised, so nothing is received before. */
async function introduce(account: MattermostAccount, signal: AbortSignal): Promise<void> {
  const { api, deps, health } = account;
  const { id, username } = await api.call<{ id: string; username: string }>("GET", "/users/me", { signal });
  account.me = { id, username };
  health.identify(`@${username}`);
  account.seen = Math.max(account.seen, Number((await deps.cursor("seen")) ?? 0) || 0);
}
