/** Door of the mail adapter: one mailbox as a Channel. QUIRKS.md has the facts of mail behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { EmailAccount } from "./account.ts";
import type { EmailAccountConfig } from "./config.ts";
import { createOutbound } from "./outbound.ts";
import { receiveMail } from "./receive.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type EmailTiming, TIMING } from "./timing.ts";

export type { EmailAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { EmailTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createEmail({ ...section, account: "default", address, password, ... }, deps); await channel.start(signal);
 */
export function createEmail(config: EmailAccountConfig, deps: ChannelDeps, timing: Partial<EmailTiming> = {}): Channel {
  const log = deps.log.child({ channel: "email", account: config.account });
  const account: EmailAccount = {
    config,
    deps: { ...deps, log },
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("email", { clock: deps.clock, log }),
    mailbox: undefined,
    threads: new Map(),
  };
  const outbound = createOutbound(account);
  return {
    name: "email",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: false,
      typing: false,
      media: true,
      buttons: false,
      threads: true,
      idempotentSend: false,
      editPaceMs: 0,
    },
    async start(signal) {
      account.health.set("starting");
      await receiveMail(account, signal);
      account.health.set("stopped");
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    fetchMedia: outbound.fetchMedia,
  };
}
