/** An ordinary account, linked from its phone, as a Channel. baileys, which speaks WhatsApp's protocol, runs in a child. QUIRKS.md has the facts behind the files. */
import { sleep } from "../../../core/clock.ts";
import type { Channel, ChannelDeps } from "../../../core/channel.ts";
import { StoreError } from "../../../core/errors.ts";
import { createBackground } from "../../../lib/background/index.ts";
import { createAccountHealth } from "../../../lib/channel-health/index.ts";
import { createInOrder, type InOrder } from "../../../lib/in-order/index.ts";
import { createAccountBackoff } from "../../../lib/reconnect/index.ts";
import type { WhatsappLinkedConfig } from "../config.ts";
import { MAX_TEXT, renderMessage } from "../render.ts";
import { type LinkedAccount, NUMBER_PREFIX } from "./account.ts";
import { admit } from "./admit.ts";
import { createEntries } from "./entries.ts";
import { createLogin, loginCommand, logoutCommand } from "./login.ts";
import { createOutbound } from "./outbound.ts";
import { type Fact, FACT_PREFIX } from "./protocol.ts";
import { type Next, serve } from "./serve.ts";
import { type LinkedTiming, TIMING } from "./timing.ts";

/** Each edit is a message to every device of everybody there. */
const EDIT_PACE_MS = 3_000;

export function createLinked(config: WhatsappLinkedConfig, deps: ChannelDeps, given: Partial<LinkedTiming> = {}): Channel {
  const log = deps.log.child({ channel: "whatsapp", account: config.account });
  const account: LinkedAccount = {
    config,
    deps: { ...deps, log },
    timing: { ...TIMING, ...given },
    health: createAccountHealth("whatsapp", { clock: deps.clock, log }),
    background: createBackground(),
    entries: createEntries(deps.keep),
    link: undefined,
    endChild: undefined,
    ending: false,
    login: undefined,
    me: [],
    journaled: new Set(),
    queued: new Set(),
    numbers: new Map(),
    stuck: false,
    wanted: Promise.withResolvers(),
  };
  const outbound = createOutbound(account);
  return {
    name: "whatsapp",
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
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: (message) => renderMessage(message, { polls: true, buttons: false }),
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: outbound.fetchMedia,
    actions: outbound.actions,
    login: createLogin(account),
  };
}

async function run(account: LinkedAccount, signal: AbortSignal): Promise<void> {
  const { deps, health } = account;
  const backoff = createAccountBackoff(account);
  const queue = openQueue(account, signal);
  health.set("starting");
  while (!signal.aborted) {
    account.wanted = Promise.withResolvers();
    let next: Next = "again";
    try {
      await takeUp(account, queue);
      next = await serve(account, { queue, backoff, signal });
    } catch (error) {
      if (signal.aborted) break;
      deps.log.error("whatsapp cannot start", { error });
      account.login?.fail(error);
      account.login = undefined;
      health.trouble("failed", ...troubleOf(account, error));
    }
    await untilNext(account, next, { signal, wait: () => backoff.wait(signal) });
  }
  await queue.idle();
  await account.background.stop();
  health.set("stopped");
}

function troubleOf(account: LinkedAccount, error: unknown): [code: string, detail: string] {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  if (code === "keep_damaged") return [code, `${message}. Forget the keys and link anew: ${logoutCommand(account)}, then ${loginCommand(account)}`];
  return [typeof code === "string" ? code : "whatsapp_child_failed", `${message}; see the log`];
}

async function untilNext(
  { login, wanted, timing, deps }: LinkedAccount,
  next: Next,
  { signal, wait }: { signal: AbortSignal; wait: () => Promise<void> },
): Promise<void> {
  if (next === "again") return wait();
  // Somebody may have begun a login while the last child ended.
  if (signal.aborted || next === "at_once" || login !== undefined) return;
  const stopped = new AbortController();
  const either = AbortSignal.any([signal, stopped.signal]);
  const late =
    next === "owner"
      ? sleep(deps.clock, timing.refusedMs, either)
      : new Promise<void>((resolve) => either.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.race([wanted.promise, late]);
  stopped.abort();
}

function openQueue(account: LinkedAccount, signal: AbortSignal): InOrder<Fact> {
  const { deps, health } = account;
  const backoff = createAccountBackoff(account);
  return createInOrder<Fact>({
    signal,
    async work(fact) {
      await admit(account, fact);
      backoff.reset();
      if (account.stuck && account.link !== undefined) health.alive();
      account.stuck = false;
    },
    async failed(error, failures) {
      account.stuck = true;
      deps.log.warn("whatsapp messages not taken; trying again", { error, failures });
      const code = error instanceof StoreError ? error.code : "whatsapp_intake_failed";
      health.trouble("degraded", code, "messages cannot be stored; they are kept and handed in again");
      await backoff.wait(signal, error instanceof StoreError ? (error.retryAfterMs ?? 0) : 0);
    },
  });
}

/** What was received and kept before the child or this process ended is handed in first. @throws StoreError `keep_damaged`, `keep_failed` */
async function takeUp({ entries, numbers, journaled, queued }: LinkedAccount, queue: InOrder<Fact>): Promise<void> {
  for (const [name, value] of await entries.all()) {
    if (name.startsWith(NUMBER_PREFIX)) numbers.set(name.slice(NUMBER_PREFIX.length), value);
    if (!name.startsWith(FACT_PREFIX)) continue;
    journaled.add(name);
    if (queued.has(name)) continue;
    queued.add(name);
    await queue.add(JSON.parse(value) as Fact);
  }
}
