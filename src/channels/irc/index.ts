/** Door of the IRC adapter: one nick on one network as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import type { StreamDestination } from "../../core/streams.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { type IrcAccount, recover } from "./account.ts";
import { createAdmission } from "./admit.ts";
import type { IrcAccountConfig } from "./config.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { Session } from "./session.ts";
import { type IrcTiming, TIMING } from "./timing.ts";

export type { IrcAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { IrcTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createIrc({ ...section, account: "default", server }, deps); await channel.start(signal);
 */
export function createIrc(config: IrcAccountConfig, deps: ChannelDeps, timing: Partial<IrcTiming> = {}): Channel {
  const log = deps.log.child({ channel: "irc", account: config.account });
  const account: IrcAccount = {
    config,
    deps: { ...deps, log },
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("irc", { clock: deps.clock, log }),
    session: undefined,
    nicks: new Map(),
    stuck: false,
  };
  return {
    name: "irc",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: false,
      typing: false,
      media: false,
      buttons: false,
      threads: false,
      idempotentSend: false,
      editPaceMs: 0,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: createOutbound(account).send,
  };
}

async function run(account: IrcAccount, signal: AbortSignal): Promise<void> {
  const { deps, health, config } = account;
  health.set("starting");
  const admission = createAdmission(account, signal);
  const alive = () => account.stuck || health.alive();
  await keepConnected(account, { channel: "irc", signal, recover }, async () => {
    try {
      const stream = await deps.streams.connect(destinationOf(config), { signal });
      const session: Session = new Session({ ...account, alive }, stream, (line) => admission.take(line, session));
      await session.serve(signal, () => {
        account.session = session;
        health.identify(`${session.nick} on ${config.server}`);
        alive();
      });
    } finally {
      account.session = undefined;
    }
  });
  await admission.idle();
  health.set("stopped");
}

function destinationOf({ server: host, port, tls, tls_fingerprint: fingerprint, login_password, server_password }: IrcAccountConfig): StreamDestination {
  return {
    host,
    port,
    ...(tls ? { tls: fingerprint === undefined ? {} : { fingerprint } } : {}),
    secrets: { ...(login_password === undefined ? {} : { login_password }), ...(server_password === undefined ? {} : { server_password }) },
  };
}
