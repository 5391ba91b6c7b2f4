/** Door of the Matrix adapter: one account on one homeserver as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type MatrixAccount, MatrixTrouble, path, recover } from "./account.ts";
import { createActions } from "./actions.ts";
import { createApi, MatrixFailure } from "./api.ts";
import type { MatrixAccountConfig } from "./config.ts";
import { openCrypto } from "./crypto.ts";
import { createLock } from "./lock.ts";
import { createOutbound } from "./outbound.ts";
import { Recent } from "./recent.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { Rooms } from "./rooms.ts";
import { openSession, storeName } from "./session.ts";
import { keepSyncing } from "./sync.ts";
import { type MatrixTiming, TIMING } from "./timing.ts";
import { establishTrust } from "./trust.ts";
import { forgetPeople, loadUnread, readAgain, resumeUnread } from "./unread.ts";

export type { MatrixAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { MatrixTiming } from "./timing.ts";

/** Synapse lets an account say ten things at once and then one in five seconds (rc_message); each edit is one. */
const EDIT_PACE_MS = 3_000;
const MAX_SEEN = 5_000;
const MAX_THREADS = 2_000;

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createMatrix({ ...section, account: "default", homeserver }, deps); await channel.start(signal);
 */
export function createMatrix(config: MatrixAccountConfig, deps: ChannelDeps, timing: Partial<MatrixTiming> = {}): Channel {
  const log = deps.log.child({ channel: "matrix", account: config.account });
  const account: MatrixAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(deps.http, config.homeserver),
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("matrix", { clock: deps.clock, log }),
    background: createBackground(),
    rooms: new Rooms(() => account.me?.id ?? ""),
    seen: new Recent(MAX_SEEN),
    threads: new Recent(MAX_THREADS),
    me: undefined,
    since: undefined,
    crypto: undefined,
    kept: undefined,
    unread: [],
    changeUnread: createLock(),
  };
  const outbound = createOutbound(account);
  return {
    name: "matrix",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: false,
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
    actions: createActions(account, outbound),
    forget: (senders) => forgetPeople(account, senders),
  };
}

async function run(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  while (!signal.aborted) {
    // In another order a login that does not hold any more would close the databases below somebody's feet.
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    if (await tryUntilDone(account, { channel: "matrix", signal, recover }, () => introduce(account, signal))) {
      if (account.crypto !== undefined) account.background.run((stop) => keepTrusted(account, AbortSignal.any([stop, both])));
      resumeUnread(account);
      await keepSyncing(account, signal);
    }
    over.abort();
    await letGo(account);
  }
  account.health.set("stopped");
}

async function letGo(account: MatrixAccount): Promise<void> {
  await account.background.stop();
  account.rooms.clear();
  closeKeys(account);
  await account.kept?.unmount();
  account.kept = undefined;
}

function closeKeys(account: MatrixAccount): void {
  account.crypto?.close();
  account.crypto = undefined;
}

/** Who are we, with which keys? Without the answer nothing can be received. */
async function introduce(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  const { deps, health, config, rooms } = account;
  try {
    await openSession(account, signal);
    health.identify(account.me!.id);
    if (config.encryption) await openKeys(account, signal);
    await loadUnread(account);
    rooms.directs = await directs(account, signal);
    account.since ??= await deps.cursor("sync");
    if (account.since === undefined) deps.log.info("matrix: first start; what was said before is not read", {});
  } catch (error) {
    closeKeys(account);
    throw error;
  }
}

async function openKeys(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  const crypto = await openCrypto(account, {
    // Each device has its own keys: a token may be given for another one, and taken back.
    store: `${storeName(account)}${account.me!.id}/${account.me!.device}`,
    keysCame: (keys) => {
      const sessions = new Set(keys.map(({ session }) => session));
      if (account.unread.length > 0) account.background.run(() => readAgain(account, sessions));
    },
  });
  account.crypto = crypto;
  await refuseTakenDevice(account, signal);
}

/** Another program's keys stand under our device: to put ours there would look like an attack, and nobody would share keys with it. @throws MatrixTrouble */
async function refuseTakenDevice({ api, me, crypto }: MatrixAccount, signal: AbortSignal): Promise<void> {
  const { id, device } = me!;
  const answer = await api.call<{ device_keys?: Record<string, Record<string, { keys?: Record<string, string> }>> }>("POST", "/client/v3/keys/query", {
    body: { device_keys: { [id]: [device] } },
    signal,
  });
  const there = answer.device_keys?.[id]?.[device]?.keys?.[`ed25519:${device}`];
  if (there === undefined || there === crypto!.machine.identityKeys.ed25519.toBase64()) return;
  throw new MatrixTrouble(
    "matrix_device_taken",
    "the device of the access token has other keys than those kept here: another program uses it, or the home folder was lost. Log in anew and give the new access token",
  );
}

async function directs({ api, me }: MatrixAccount, signal: AbortSignal): Promise<Record<string, string[]>> {
  try {
    return await api.call<Record<string, string[]>>("GET", `/client/v3/user${path(me!.id)}/account_data${path("m.direct")}`, { signal });
  } catch (error) {
    if (error instanceof MatrixFailure && error.status === 404) return {};
    throw error;
  }
}

/** Cross-signing and the key backup, tried until the server has answered; the account works without. */
async function keepTrusted(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  const { deps, health, me } = account;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    try {
      const { device, backup } = await establishTrust(account, signal);
      health.identify(`${me!.id} (device ${me!.device}: ${device}; ${backup})`);
      return;
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn("matrix cross-signing not set up yet", { error });
      await backoff.wait(signal);
    }
  }
}
