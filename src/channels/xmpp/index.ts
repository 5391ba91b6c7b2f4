/** Door of the XMPP adapter: one account on one server as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { XmppAccount } from "./account.ts";
import type { XmppAccountConfig } from "./config.ts";
import { download } from "./files.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { Room } from "./room.ts";
import { receiveMessages } from "./serve.ts";
import { TIMING, type XmppTiming } from "./timing.ts";

export type { XmppAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { XmppTiming } from "./timing.ts";

/** Each correction is a message that everybody's archive keeps. */
const EDIT_PACE_MS = 2_000;

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createXmpp({ ...section, account: "default", jid, password }, deps); await channel.start(signal);
 */
export function createXmpp(config: XmppAccountConfig, deps: ChannelDeps, timing: Partial<XmppTiming> = {}): Channel {
  const log = deps.log.child({ channel: "xmpp", account: config.account });
  const account: XmppAccount = {
    config,
    deps: { ...deps, log },
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("xmpp", { clock: deps.clock, log }),
    session: undefined,
    rooms: new Map(config.rooms.map((jid) => [jid, new Room(jid, config.nick, config.jid)])),
    pendingJoins: new Map(),
    reflections: new Map(),
    reactions: new Map(),
    archived: false,
    uploads: undefined,
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "xmpp",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: false,
      threads: false,
      idempotentSend: false,
      editPaceMs: EDIT_PACE_MS,
    },
    async start(signal) {
      account.health.set("starting");
      await receiveMessages(account, signal);
      account.health.set("stopped");
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: (media, signal) => download(account, media, signal),
    actions: outbound.actions,
  };
}
