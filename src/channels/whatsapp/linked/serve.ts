/** The life of one child: opened with its keys, connected, heard, asked whether it is there, ended. */
import { sleep } from "../../../core/clock.ts";
import type { Program } from "../../../core/programs.ts";
import { ChannelError } from "../../../core/errors.ts";
import type { InOrder } from "../../../lib/in-order/index.ts";
import type { Backoff } from "../../../lib/reconnect/index.ts";
import type { LinkedAccount } from "./account.ts";
import { nameOfFact } from "./admit.ts";
import { numberOf, plainJid } from "./ids.ts";
import { createLink, type Link } from "./link.ts";
import { loginCommand } from "./login.ts";
import { type Fact, FACT_PREFIX, type FromChild } from "./protocol.ts";

/** What the account waits for before the next child: a login, only its owner (or a login), the next try. */
export type Next = "login" | "owner" | "again" | "at_once";

/** Of baileys, with the library it was made for. */
export const LIBRARY_VERSION = "7.0.0-rc14";
const HEAP_MB = 256;
/** baileys' DisconnectReason. */
const REASON = { loggedOut: 401, forbidden: 403, timedOut: 408, mismatch: 411, replaced: 440, restartRequired: 515 } as const;

interface Served {
  readonly account: LinkedAccount;
  readonly child: Program;
  readonly link: Link;
  readonly queue: InOrder<Fact>;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  /** Aborts with the child. */
  readonly over: AbortController;
  /** Aborts with the connection that stands. */
  connection: AbortController | undefined;
}

export async function serve(account: LinkedAccount, work: { queue: InOrder<Fact>; backoff: Backoff; signal: AbortSignal }): Promise<Next> {
  const { deps, timing } = account;
  const keys = Object.fromEntries([...(await account.entries.all())].filter(([name]) => name === "creds" || name.startsWith("key:")));
  const child = deps.companions.start("whatsapp-link", { megabytes: HEAP_MB });
  const link = createLink(child, { clock: deps.clock, callMs: timing.callMs, ackMs: timing.ackMs });
  const over = new AbortController();
  const served: Served = { account, child, link, over, connection: undefined, ...work };
  const worked = Promise.withResolvers<void>();
  account.ending = false;
  account.endChild = async () => {
    account.ending = true;
    await child.stop();
    await worked.promise;
  };
  const stop = () => void child.stop();
  work.signal.addEventListener("abort", stop, { once: true });
  if (work.signal.aborted) stop();
  link.tell({ type: "open", folders: deps.companions.libraryFolders, keys });
  try {
    for await (const message of child.messages) {
      const next = await heard(served, message as unknown as FromChild);
      if (next !== undefined) return next;
    }
    const how = await child.ended;
    if (work.signal.aborted) return "again";
    if (account.ending) return account.login === undefined ? notLinked(account) : "at_once";
    deps.log.warn("the whatsapp child has ended", { how });
    account.health.trouble("degraded", "whatsapp_child_ended", `the process that holds the connection has ended (${how}); starting it again`);
    return "again";
  } finally {
    over.abort();
    served.connection?.abort();
    account.link = undefined;
    account.endChild = undefined;
    work.signal.removeEventListener("abort", stop);
    link.fail();
    await child.stop();
    worked.resolve();
  }
}

/** @returns what comes next when the child is done for. */
async function heard(served: Served, message: FromChild): Promise<Next | undefined> {
  const { account, link, queue } = served;
  switch (message.type) {
    case "missing":
      return missing(account, message.folders);
    case "opened":
      if (message.version !== LIBRARY_VERSION)
        account.deps.log.warn("another baileys than the one that was tried", { found: message.version, tried: LIBRARY_VERSION });
      if (!message.linked && account.login === undefined) return notLinked(account);
      connect(served);
      return undefined;
    case "qr":
      if (account.login === undefined) return notLinked(account);
      account.login.push({ type: "qr", text: message.text });
      return undefined;
    case "code":
      account.login?.push({ type: "code", code: message.code.replace(/^(.{4})(.{4})$/, "$1-$2") });
      return undefined;
    case "connected":
      connected(served, message.me);
      return undefined;
    case "disconnected":
      return disconnected(served, message);
    case "fact":
      account.queued.add(nameOfFact(message.fact));
      await queue.add(message.fact);
      return undefined;
    case "keep":
      await keep(served, message);
      return undefined;
    case "answer":
      link.answer(message);
      return undefined;
    case "fatal":
      account.deps.log.error("the whatsapp child has failed", { problem: message.message });
      return undefined;
  }
}

function connect({ account, link }: Served): void {
  const phone = account.login?.phone;
  link.tell({ type: "connect", ...(phone === undefined ? {} : { phone }) });
}

/** Where baileys is looked for and how it comes there: it is not ours to ship. */
function missing(account: LinkedAccount, folders: readonly string[]): Next {
  const command = `npm install --prefix ${folders[0]} --save-exact baileys@${LIBRARY_VERSION}`;
  const detail = `the library baileys is not installed. Install it with: ${command} (looked for in node_modules of ${folders.join(" and of ")})`;
  account.health.trouble("failed", "whatsapp_library_missing", detail);
  account.login?.fail(new ChannelError("whatsapp_library_missing", detail, "permanent", { hint: command }));
  account.login = undefined;
  return "owner";
}

function notLinked(account: LinkedAccount): Next {
  account.health.trouble("failed", "whatsapp_not_linked", `no phone is linked. Link one with: ${loginCommand(account)}, or on the page`);
  return "login";
}

function connected(served: Served, me: Extract<FromChild, { type: "connected" }>["me"]): void {
  const { account, link, backoff } = served;
  const number = numberOf(me.id);
  const identity = [me.name, number === undefined ? plainJid(me.id) : `+${number}`].filter((one) => one !== undefined).join(" ");
  account.me = [me.id, me.lid].flatMap((jid) => (jid === undefined ? [] : [plainJid(jid)]));
  account.health.identify(identity);
  account.link = link;
  backoff.reset();
  if (!account.stuck) account.health.alive();
  account.login?.push({ type: "linked", identity });
  account.login = undefined;
  served.connection = new AbortController();
  const { signal } = served.connection;
  account.background.run(() => watch(served, signal));
}

/** A quiet account is not a deaf one: WhatsApp is asked (P7), and a child that does not get an answer is ended. */
async function watch({ account, link, child }: Served, lost: AbortSignal): Promise<void> {
  const { deps, timing, health } = account;
  while (!lost.aborted) {
    await sleep(deps.clock, timing.checkMs, lost);
    if (lost.aborted) return;
    try {
      await link.call("alive", {}, { timeoutMs: timing.aliveMs });
      if (!account.stuck && !lost.aborted) health.alive();
    } catch (error) {
      if (lost.aborted) return;
      deps.log.warn("whatsapp does not answer", { error });
      health.trouble("degraded", "whatsapp_silent", `WhatsApp did not answer within ${timing.aliveMs} ms; connecting anew`);
      await child.stop();
    }
  }
}

/** What to do about each of baileys' reasons. */
async function disconnected(served: Served, { reason, message }: Extract<FromChild, { type: "disconnected" }>): Promise<Next | undefined> {
  const { account, backoff, signal, over } = served;
  const { deps, health, login, timing } = account;
  account.link = undefined;
  served.connection?.abort();
  deps.log.info("whatsapp disconnected", { reason, problem: message });
  // The end of every successful link: WhatsApp wants the new session to connect.
  if (reason === REASON.restartRequired) {
    connect(served);
    return undefined;
  }
  if (reason === REASON.loggedOut) {
    await account.entries.clear();
    login?.fail(new ChannelError("whatsapp_logged_out", "WhatsApp has refused the link", "permanent", { hint: "begin again" }));
    account.login = undefined;
    health.trouble("failed", "whatsapp_logged_out", `the phone has unlinked this device. Link it again with: ${loginCommand(account)}`);
    return "login";
  }
  if (login !== undefined) {
    login.fail(
      new ChannelError("whatsapp_login_failed", `nothing was linked: ${message}`, "permanent", {
        hint:
          reason === REASON.timedOut ? "nobody has scanned the code in time, or WhatsApp cannot be reached from here; begin again" : "begin again in a minute",
      }),
    );
    account.login = undefined;
    return notLinked(account);
  }
  if (reason === REASON.forbidden || reason === REASON.mismatch) {
    const why = reason === REASON.forbidden ? "WhatsApp has closed this account; the phone's app says why" : "the phone's app is too old for linked devices";
    health.trouble("failed", reason === REASON.forbidden ? "whatsapp_account_closed" : "whatsapp_phone_too_old", why);
    return "owner";
  }
  const replaced = reason === REASON.replaced;
  health.trouble(
    "degraded",
    replaced ? "whatsapp_replaced" : "whatsapp_disconnected",
    replaced ? "another program uses this session; stop it, or log out and link anew" : `the connection to WhatsApp was lost (${message}); connecting anew`,
  );
  deps.metrics.count("channel_poll_failures", { channel: "whatsapp", account: account.config.account });
  await backoff.wait(AbortSignal.any([signal, over.signal]), replaced ? timing.maxBackoffMs : 0);
  // A socket that fails again and again may have a broken child around it.
  if (backoff.failures > 5) return "at_once";
  if (!signal.aborted) connect(served);
  return undefined;
}

async function keep({ account, link }: Served, { id, changes }: Extract<FromChild, { type: "keep" }>): Promise<void> {
  const { deps, health } = account;
  try {
    await account.entries.put(changes);
    for (const name of Object.keys(changes)) if (name.startsWith(FACT_PREFIX)) account.journaled.add(name);
    link.tell({ type: "kept", id, ok: true });
  } catch (error) {
    deps.log.error("keys of whatsapp could not be kept", { error });
    health.trouble("degraded", "whatsapp_keys_not_kept", "the keys of the session cannot be written; see the log");
    link.tell({ type: "kept", id, ok: false });
  }
}
