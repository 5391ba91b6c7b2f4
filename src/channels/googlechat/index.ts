/** Door of the Google Chat adapter: one Chat app over its HTTP endpoint as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { createTokenVerifier } from "../../lib/signed-tokens/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { createApi } from "./api.ts";
import { type GoogleChatAccountConfig, readServiceAccount } from "./config.ts";
import { keepWebhook } from "./keep-webhook.ts";
import { createOutbound } from "./outbound.ts";
import { signerOf } from "./proof.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type GoogleChatTiming, TIMING } from "./timing.ts";
import { receiveEvent } from "./webhook.ts";

export type { GoogleChatAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { GoogleChatTiming } from "./timing.ts";

/** In a space 60 writes are taken in a minute, of all apps together (developers.google.com/workspace/chat/limits). */
const EDIT_PACE_MS = 3_000;

/**
 * @param given for tests: shorter waits.
 * @example const channel = createGoogleChat({ ...section, account: "default", service_account, audience }, deps); await channel.start(signal);
 */
export function createGoogleChat(config: GoogleChatAccountConfig, deps: ChannelDeps, given: Partial<GoogleChatTiming> = {}): Channel {
  const log = deps.log.child({ channel: "googlechat", account: config.account });
  const timing = { ...TIMING, ...given };
  const signer = signerOf(config.audience);
  let lifetime = new AbortController().signal;
  const api = createApi({ http: deps.http, clock: deps.clock, config, keysUrl: config.keys_url ?? signer.keysUrl, lifetime: () => lifetime });
  const account: GoogleChatAccount = {
    config,
    deps: { ...deps, log },
    api,
    signer,
    verifier: createTokenVerifier({
      clock: deps.clock,
      fetchKeys: api.keys,
      issuer: signer.issuer,
      audience: config.audience,
      cooldownMs: timing.keysCooldownMs,
    }),
    timing,
    health: createAccountHealth("google chat", { clock: deps.clock, log }),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "googlechat",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: false,
      media: false,
      buttons: true,
      threads: true,
      idempotentSend: true,
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
    fetchMedia: outbound.fetchMedia,
    actions: outbound.actions,
    webhook: (request) => receiveEvent(account, request),
  };
}

async function run(account: GoogleChatAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  const identity = readServiceAccount(account.config.service_account)?.email;
  if (identity !== undefined) account.health.identify(identity);
  await keepWebhook(account, signal);
  account.health.set("stopped");
}
