/** Door of the Teams adapter: one bot (app registration) as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { createTokenVerifier } from "../../lib/signed-tokens/index.ts";
import type { TeamsAccount } from "./account.ts";
import { createApi } from "./api.ts";
import type { TeamsAccountConfig } from "./config.ts";
import { fetchMedia } from "./files.ts";
import { keepWebhook } from "./keep-webhook.ts";
import { createOutbound } from "./outbound.ts";
import { createReferences } from "./references.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type TeamsTiming, TIMING } from "./timing.ts";
import { receiveActivity } from "./webhook.ts";

export type { TeamsAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { TeamsTiming } from "./timing.ts";

/** Of all calls for one conversation 1,800 are taken in an hour, 60 in half a minute (learn.microsoft.com, "Optimize your bot with rate limiting"). */
const EDIT_PACE_MS = 2_000;

/**
 * @param given for tests: shorter waits.
 * @example const channel = createTeams({ ...section, account: "default", app_id, app_password, tenant_id }, deps); await channel.start(signal);
 */
export function createTeams(config: TeamsAccountConfig, deps: ChannelDeps, given: Partial<TeamsTiming> = {}): Channel {
  const log = deps.log.child({ channel: "teams", account: config.account });
  const timing = { ...TIMING, ...given };
  let lifetime = new AbortController().signal;
  const api = createApi(deps.http, deps.clock, { config, lifetime: () => lifetime });
  const account: TeamsAccount = {
    config,
    deps: { ...deps, log },
    api,
    verifier: createTokenVerifier({
      clock: deps.clock,
      fetchKeys: api.keys,
      issuer: config.issuer,
      audience: config.app_id,
      cooldownMs: timing.keysCooldownMs,
    }),
    references: createReferences(config, deps.cursor),
    timing,
    health: createAccountHealth("teams", { clock: deps.clock, log }),
    background: createBackground(),
    threads: new Set(),
    cards: new Map(),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "teams",
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
    start(signal) {
      lifetime = signal;
      return run(account, signal);
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    actions: outbound.actions,
    webhook: (request) => receiveActivity(account, request),
  };
}

async function run(account: TeamsAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  account.health.identify(`28:${account.config.app_id}`);
  await keepWebhook(account, signal);
  await account.background.stop();
  account.health.set("stopped");
}
