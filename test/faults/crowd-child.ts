/** Many clients of /ws in a process of their own. Commands come as messages of the parent, `{id, name, args}`; each is answered. */
import { setTimeout as wait } from "node:timers/promises";
import { GATEWAY_TOKEN } from "./gateway-process.ts";
import { openLeanSocket, type LeanSocket } from "./lean-socket.ts";

/** The session whose events everybody gets. */
export const FAN = "agent:main:hook:fan";

interface Client {
  socket: LeanSocket;
  readonly url: string;
  /** Number of the newest event it has seen. */
  seq: number;
  /** Events that came out of their order or twice. */
  wrong: number;
  events: number;
  deaf: boolean;
  readonly flooded: boolean;
  onClose: () => void;
  resets: number;
}

const clients: Client[] = [];
/** Milliseconds from the making of an event to its arrival, of the clients that are not flooded. */
let arrivals: number[] = [];

interface Frame {
  readonly id?: number;
  readonly result?: { seq: number; reset?: boolean };
  readonly params?: { seq: number; payload: { at: number } };
}

let newest: { bytes: Buffer; frame: Frame } | undefined;

/** Most clients get the same bytes, which are taken apart once. */
function readFrame(payload: Buffer): Frame {
  if (newest === undefined || !payload.equals(newest.bytes)) newest = { bytes: Buffer.from(payload), frame: JSON.parse(payload.toString()) as Frame };
  return newest.frame;
}

async function open(client: Client): Promise<void> {
  let subscribed = () => {};
  const heard = new Promise<void>((resolve) => (subscribed = resolve));
  client.socket = await openLeanSocket(client.url, GATEWAY_TOKEN, {
    onText(payload) {
      const { id, result, params } = readFrame(payload);
      if (id === 1) {
        if (result?.reset === true) client.resets += 1;
        if (client.seq === 0 || result?.reset === true) client.seq = result!.seq;
        return subscribed();
      }
      if (params === undefined) return;
      if (params.seq <= client.seq) client.wrong += 1;
      client.seq = params.seq;
      client.events += 1;
      if (!client.flooded) arrivals.push(Date.now() - params.payload.at);
    },
    onClose: () => client.onClose(),
  });
  // Who does not read gets everything, the others one session: so that a flood fills only those sockets.
  const filter = client.flooded ? {} : { sessions: [FAN] };
  const since = client.seq > 0 ? { since: client.seq } : {};
  client.socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { events: ["message.accepted"], ...filter, ...since } }));
  await heard;
}

/** At most `width` at a time. */
async function each<T>(items: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of rest) await act(item);
    }),
  );
}

/** Processor time of this process so far, milliseconds. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const commands: Record<string, (args: never) => unknown> = {
  connect: async ({ url, count, deaf }: { url: string; count: number; deaf: number }) => {
    const made = Array.from({ length: count }, (_, index): Client => ({
      socket: undefined as never,
      url,
      seq: 0,
      wrong: 0,
      events: 0,
      deaf: index < deaf,
      flooded: index < deaf,
      onClose: () => {},
      resets: 0,
    }));
    clients.push(...made);
    await each(made, 64, open);
  },
  /** All connections are lost at once and come back. @returns milliseconds until the last one was back */
  comeBack: async () => {
    for (const { socket } of clients) socket.terminate();
    const from = performance.now();
    await each(clients, 64, open);
    return performance.now() - from;
  },
  /** Those that get the flood stop to read. */
  deafen: () => {
    for (const client of clients.filter(({ flooded }) => flooded)) {
      client.deaf = true;
      client.socket.pause();
    }
  },
  /** Those that did not read begin to. */
  hear: async () => {
    const deaf = clients.filter((client) => client.deaf);
    for (const { socket } of deaf) socket.resume();
    const closed = Promise.all(deaf.map((client) => client.socket.closed ?? new Promise<void>((resolve) => (client.onClose = resolve))));
    await Promise.race([closed, wait(60_000, undefined, { ref: false })]);
    const ended = deaf.filter(({ socket }) => socket.closed !== undefined).length;
    const told = deaf.filter(({ socket }) => socket.closed === 4008).length;
    await each(deaf, 16, (client) => {
      client.deaf = false;
      return open(client);
    });
    const resets = deaf.reduce((sum, client) => sum + client.resets, 0);
    for (const client of deaf) client.resets = 0;
    return { ended, told, resets };
  },
  figures: () => ({
    open: clients.filter(({ socket }) => socket.closed === undefined).length,
    cpu: cpuMs(),
    wrong: clients.reduce((sum, { wrong }) => sum + wrong, 0),
    slowest: Math.min(...clients.filter(({ flooded }) => !flooded).map(({ events }) => events)),
  }),
  /** How long the events took that have come since it was last asked. */
  arrivals: () => {
    const taken = arrivals.toSorted((a, b) => a - b);
    arrivals = [];
    return { p50: taken[Math.floor(taken.length * 0.5)] ?? 0, p99: taken[Math.floor(taken.length * 0.99)] ?? 0 };
  },
};

process.on("message", ({ id, name, args }: { id: number; name: string; args: never }) => {
  Promise.resolve(commands[name]!(args)).then(
    (value) => process.send!({ id, value }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  );
});
