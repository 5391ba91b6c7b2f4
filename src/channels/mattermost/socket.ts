/**
 * The first step of the hall: Mattermost tells what happens over a WebSocket that we open. Always true: events are handed in one at a time, in order, after what was
 * missed; what the store refuses is kept and tried again.
 */
import { sleep } from "../../core/clock.ts";
import type { Socket } from "../../core/sockets.ts";
import { createInOrder, type InOrder } from "../../lib/in-order/index.ts";
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type MattermostAccount, recover, SocketTrouble } from "./account.ts";
import { admitEvent } from "./admit.ts";
import { fillGap } from "./gap-fill.ts";
import type { WireEvent } from "./wire.ts";

const MAX_MESSAGE_BYTES = 4_000_000;

type Work = WireEvent | "gap";

/** Holds a socket until `signal` aborts. Never rejects; resolves when it is closed and nothing is handed in any more. */
export async function keepSocket(account: MattermostAccount, signal: AbortSignal): Promise<void> {
  const backoff = createAccountBackoff(account);
  const queue = createInOrder<Work>({
    signal,
    async work(item) {
      if (item === "gap") await fillGap(account, signal);
      else await admitEvent(account, item, signal);
      backoff.reset();
      if (account.stuck) account.health.alive();
      account.stuck = false;
    },
    async failed(error, failures) {
      account.stuck = true;
      account.deps.log.warn("mattermost events not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  await keepConnected(account, { channel: "mattermost", signal, recover }, () => serve(account, queue, signal));
  await queue.idle();
}

async function serve(account: MattermostAccount, queue: InOrder<Work>, signal: AbortSignal): Promise<void> {
  const { deps, config } = account;
  const credential = { in: "header", name: "authorization", prefix: "Bearer ", secret: config.token } as const;
  // Asked first: a socket that is refused does not say why.
  await account.api.call("GET", "/users/me", { signal });
  const url = `${config.url.replace(/\/+$/, "").replace(/^http/, "ws")}/api/v4/websocket`;
  const socket = await deps.sockets.connect({ baseUrl: config.url, credential }, { url, signal, maxBytes: MAX_MESSAGE_BYTES });
  const stop = () => socket.close();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const hello = new AbortController();
  const over = new AbortController();
  const watching = watch(account, socket, { hello: hello.signal, over: over.signal });
  try {
    for await (const message of socket.messages) {
      const event = parse(message);
      if (event?.event === "hello") {
        if (!account.stuck) account.health.alive();
        hello.abort();
        await queue.add("gap");
      } else if (event?.event !== undefined) await queue.add(event);
    }
    const { code } = await socket.closed;
    over.abort();
    if (!signal.aborted) throw (await watching) ?? new SocketTrouble("mattermost_socket_lost", `the connection to Mattermost was lost (${code})`);
  } finally {
    over.abort();
    signal.removeEventListener("abort", stop);
  }
}

function parse(message: string | Uint8Array): WireEvent | undefined {
  try {
    return JSON.parse(typeof message === "string" ? message : new TextDecoder().decode(message)) as WireEvent | undefined;
  } catch {
    return undefined;
  }
}

/** Mattermost has to say hello, and then to answer pings (P7: a quiet team is not a deaf account). Closes the socket when it does not. */
async function watch(
  account: MattermostAccount,
  socket: Socket,
  { hello, over }: { hello: AbortSignal; over: AbortSignal },
): Promise<SocketTrouble | undefined> {
  const { deps, timing, health } = account;
  const silent = (what: string): SocketTrouble => {
    socket.close();
    return new SocketTrouble("mattermost_silent", `Mattermost did not ${what}`);
  };
  await sleep(deps.clock, timing.helloMs, AbortSignal.any([hello, over]));
  if (!over.aborted && !hello.aborted) return silent(`say hello within ${timing.helloMs} ms`);
  while (!over.aborted) {
    await sleep(deps.clock, timing.pingMs, over);
    if (over.aborted) break;
    const pong = await Promise.race([socket.ping().then(() => true), sleep(deps.clock, timing.pongMs, over).then(() => false)]);
    if (over.aborted) break;
    if (!pong) return silent(`answer within ${timing.pongMs} ms`);
    if (!account.stuck) health.alive();
  }
  return undefined;
}
