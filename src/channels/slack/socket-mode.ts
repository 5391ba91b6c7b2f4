/**
 * The first step of the hall in socket mode: Slack hands events, presses and slash commands over a WebSocket that we open. Always true: an envelope is
 * acknowledged only after its rows are committed (P1); one socket is replaced by the next without a gap when Slack asks for it.
 */
import { sleep } from "../../core/clock.ts";
import type { Socket } from "../../core/sockets.ts";
import { type Backoff, createAccountBackoff } from "../../lib/reconnect/index.ts";
import { recover, type SlackAccount, SocketTrouble } from "./account.ts";
import { catchUp } from "./catch-up.ts";
import { createEnvelopes, type Envelope, type Envelopes } from "./envelopes.ts";

/** Slack hands sockets out below these (`wss://wss-primary.slack.com/link/?ticket=...`). */
const DOMAINS = ["slack.com", "slack-gov.com"];
/** Slack's messages are far smaller; a larger one is none of its. */
const MAX_MESSAGE_BYTES = 4_000_000;
/** A socket that lived as long as this has worked: the next loss is a new one. */
const LIVED_MS = 60_000;

/** Holds a socket until `signal` aborts. Never rejects; resolves when all are closed. */
export async function keepSocket(account: SlackAccount, signal: AbortSignal): Promise<void> {
  const { deps } = account;
  const backoff = createAccountBackoff(account);
  const envelopes = createEnvelopes(account, signal);
  const draining = new Set<Promise<void>>();
  let gap = account.resumed;
  while (!signal.aborted) {
    try {
      const { done, lived } = await serve(account, { envelopes, backoff, signal, gap });
      // It goes on being read until Slack closes it.
      draining.add(done);
      void done.finally(() => draining.delete(done));
      gap = false;
      // The old one is read on meanwhile, so nothing is missed by not being hasty.
      if (lived) backoff.reset();
      else await backoff.wait(signal);
    } catch (error) {
      if (signal.aborted) break;
      gap = true;
      deps.metrics.count("channel_poll_failures", { channel: "slack", account: account.config.account });
      deps.log.warn("slack socket failed", { error, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
  await Promise.all(draining);
}

interface Serving {
  readonly envelopes: Envelopes;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  /** Something may have been missed before this socket. */
  readonly gap: boolean;
}

/** @returns when Slack asks for another socket; `done` resolves when this one is closed. @throws what ended it otherwise. */
async function serve(account: SlackAccount, { envelopes, backoff, signal, gap }: Serving): Promise<{ done: Promise<void>; lived: boolean }> {
  const { deps, timing, health, config, api } = account;
  const { clock } = deps;
  const { url } = await api.call<{ url: string }>("apps.connections.open", {}, { token: "app", signal });
  const socket = await deps.sockets.connect({ baseUrl: config.api_root, domains: DOMAINS }, { url, signal, maxBytes: MAX_MESSAGE_BYTES });
  const stop = () => socket.close();
  signal.addEventListener("abort", stop, { once: true });
  const openedAt = clock.monotonic();
  const { promise: over, resolve: refresh, reject: fail } = Promise.withResolvers<void>();
  const hello = new AbortController();
  const reading = read(socket, {
    hello(sockets) {
      // Two while one replaces the other; more are somebody else's.
      if (sockets > 2) deps.log.warn("slack: other programs hold sockets of this app and get a share of its events", { sockets });
      hello.abort();
      health.alive();
      if (gap) account.background.run((stopping) => catchUp(account, stopping));
    },
    disconnect(reason) {
      deps.log.info("slack asks for another socket", { reason });
      if (reason === "link_disabled") fail(new SocketTrouble("slack_socket_disabled", "Slack has switched Socket Mode off"));
      else if (reason === "warning" || reason === "refresh_requested") refresh();
      else fail(new SocketTrouble("slack_socket_lost", `Slack ends the connection (${reason})`));
    },
    envelope: (envelope) => envelopes.take(envelope, socket),
  });
  const done = reading.finally(() => signal.removeEventListener("abort", stop));
  void socket.closed.then(({ code }) => fail(new SocketTrouble("slack_socket_lost", `the connection to Slack was lost (${code})`)));
  const watched = new AbortController();
  void watch(account, socket, { hello: hello.signal, until: watched.signal }).then((trouble) => trouble && fail(trouble));
  try {
    await over;
    const cancel = clock.timer(timing.drainMs, stop);
    return { done: done.finally(cancel), lived: clock.monotonic() - openedAt > LIVED_MS };
  } catch (error) {
    socket.close();
    if (clock.monotonic() - openedAt > LIVED_MS) backoff.reset();
    await done;
    throw error;
  } finally {
    watched.abort();
  }
}

interface Reader {
  hello(sockets: number): void;
  disconnect(reason: string): void;
  envelope(envelope: Envelope): Promise<void>;
}

/** Until the socket is closed. Never rejects. What was read before the end is still handed in: it need not come again then. */
async function read(socket: Socket, reader: Reader): Promise<void> {
  for await (const message of socket.messages) {
    const envelope = parse(message);
    if (envelope?.type === "hello") reader.hello(envelope.num_connections ?? 1);
    else if (envelope?.type === "disconnect") reader.disconnect(envelope.reason ?? "unknown");
    else if (typeof envelope?.envelope_id === "string") await reader.envelope(envelope);
  }
}

function parse(message: string | Uint8Array): Envelope | undefined {
  try {
    return JSON.parse(typeof message === "string" ? message : new TextDecoder().decode(message)) as Envelope | undefined;
  } catch {
    return undefined;
  }
}

/** Slack has to say hello, and then to answer pings (P7: a quiet workspace is not a deaf account). @returns what is wrong, or nothing when told to stop. */
async function watch(account: SlackAccount, socket: Socket, { hello, until }: { hello: AbortSignal; until: AbortSignal }): Promise<SocketTrouble | undefined> {
  const { deps, timing, health } = account;
  await sleep(deps.clock, timing.helloMs, AbortSignal.any([hello, until]));
  if (until.aborted) return undefined;
  if (!hello.aborted) return new SocketTrouble("slack_silent", `Slack did not say hello within ${timing.helloMs} ms`);
  for (;;) {
    await sleep(deps.clock, timing.pingMs, until);
    if (until.aborted) return undefined;
    const pong = await Promise.race([socket.ping().then(() => true), sleep(deps.clock, timing.pongMs, until).then(() => false)]);
    if (until.aborted) return undefined;
    if (!pong) return new SocketTrouble("slack_silent", `Slack did not answer within ${timing.pongMs} ms`);
    if (!account.stuck) health.alive();
  }
}
