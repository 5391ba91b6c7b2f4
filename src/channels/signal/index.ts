/** Door of the Signal adapter: one account of a signal-cli daemon as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { SignalAccount } from "./account.ts";
import { createActions } from "./actions.ts";
import { createApi } from "./api.ts";
import type { SignalAccountConfig } from "./config.ts";
import { keepStream } from "./events.ts";
import { createLogin } from "./login.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type SignalTiming, TIMING } from "./timing.ts";

export type { SignalAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { SignalTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createSignal({ account: "default", url: "http://127.0.0.1:8080", number: "+49...", read_receipts: true }, deps); await channel.start(signal);
 */
export function createSignal(config: SignalAccountConfig, deps: ChannelDeps, timing: Partial<SignalTiming> = {}): Channel {
  const log = deps.log.child({ channel: "signal", account: config.account });
  const account: SignalAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(deps.http, config),
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("signal", { clock: deps.clock, log }),
    background: createBackground(),
    me: undefined,
    stuck: false,
    versions: new Map(),
    texts: new Map(),
    names: new Map(),
    untrusted: new Set(),
    again: new AbortController(),
  };
  const outbound = createOutbound(account);
  return {
    name: "signal",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      // Each edit is kept in a history that everybody can open, and after ten of them Signal takes no more: not for previews.
      edit: false,
      typing: true,
      media: true,
      buttons: false,
      threads: false,
      idempotentSend: false,
      editPaceMs: 0,
    },
    async start(signal) {
      account.health.set("starting");
      await keepStream(account, signal);
      await account.background.stop();
      account.health.set("stopped");
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    typing: outbound.typing,
    fetchMedia: outbound.fetchMedia,
    actions: createActions(account),
    login: createLogin(account),
  };
}
