/** Door of the iMessage adapter: Messages on a Mac as a Channel. README.md says which file does what, QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { type ImessageAccount, recover } from "./account.ts";
import { createActions } from "./actions.ts";
import { createBlueBubbles } from "./bluebubbles/index.ts";
import type { ImessageAccountConfig } from "./config.ts";
import { createFeed } from "./feed.ts";
import { createOutbound } from "./outbound.ts";
import { createImsg } from "./imsg/index.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type ImessageTiming, TIMING } from "./timing.ts";
import type { Way } from "./way.ts";

export type { ImessageAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { ImessageTiming } from "./timing.ts";

/**
 * @param given for tests: shorter waits.
 * @example const channel = createImessage({ ...section, account: "default", url, password }, deps); await channel.start(signal);
 */
export function createImessage(config: ImessageAccountConfig, deps: ChannelDeps, given: Partial<ImessageTiming> = {}): Channel {
  const log = deps.log.child({ channel: "imessage", account: config.account });
  const timing = { ...TIMING, ...given };
  const { private_api: privateApi } = config;
  const account: ImessageAccount = {
    config,
    deps: { ...deps, log },
    way: wayOf(config, { ...deps, log }, timing),
    timing,
    health: createAccountHealth("imessage", { clock: deps.clock, log }),
    background: createBackground(),
    position: undefined,
    ours: new Map(),
    texts: new Map(),
  };
  const outbound = createOutbound(account);
  return {
    name: "imessage",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      // Five edits within a quarter of an hour, each kept in a history that everybody can open: not for previews.
      edit: false,
      typing: privateApi,
      media: true,
      buttons: false,
      threads: false,
      idempotentSend: false,
      editPaceMs: 0,
    },
    async start(signal) {
      account.health.set("starting");
      await keepListening(account, signal);
      await account.background.stop();
      account.health.set("stopped");
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    ...(privateApi ? { typing: outbound.typing, actions: createActions(account) } : {}),
    fetchMedia: outbound.fetchMedia,
    ...(config.via === "bluebubbles" ? { webhook: (request: Request) => receivePost(account, request) } : {}),
  };
}

/** A post says nothing that is believed: it only has the server asked sooner. */
async function receivePost({ way }: ImessageAccount, request: Request): Promise<Response> {
  await request.body?.cancel();
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
  way.poke();
  return new Response(null, { status: 204 });
}

function wayOf(
  { via, url, password, command, private_api: privateApi, poll_seconds: seconds }: ImessageAccountConfig,
  deps: ChannelDeps,
  timing: ImessageTiming,
): Way {
  if (via === "imsg") return createImsg({ command, privateApi, timing }, deps);
  // The config has checked that they are there.
  return createBlueBubbles({ url: url!, password: password!, privateApi, pollMs: timing.pollMs ?? seconds * 1_000, pokeMs: timing.pokeMs }, deps);
}

async function keepListening(account: ImessageAccount, signal: AbortSignal): Promise<void> {
  const feed = createFeed(account);
  await keepConnected(account, { channel: "imessage", signal, recover }, async () => {
    account.position ??= positionOf(await account.deps.cursor("rowid"));
    await account.way.listen(feed, signal);
  });
}

function positionOf(cursor: string | undefined): number | undefined {
  const rowid = Number(cursor);
  return Number.isSafeInteger(rowid) && rowid >= 0 && cursor !== undefined ? rowid : undefined;
}
