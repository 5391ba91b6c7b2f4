/** Many clients of /ws in a process of their own. Commands come as messages of the parent, `{id, name, args}`; each is answered. */
import { WebSocket } from "ws";
import { GATEWAY_TOKEN } from "./gateway-process.ts";

/** The session whose events everybody gets. */
export const FAN = "agent:main:hook:fan";

interface Client {
  socket: WebSocket;
  readonly url: string;
  /** Number of the newest event it has seen. */
  seq: number;
  /** Events that came out of their order or twice. */
  wrong: number;
  events: number;
  deaf: boolean;
  readonly flooded: boolean;
  closed: number | undefined;
  resets: number;
}

const clients: Client[] = [];
/** Milliseconds from the making of an event to its arrival, of the clients that read. */
let arrivals: number[] = [];

function open(client: Client): Promise<void> {
  const socket = new WebSocket(client.url, { headers: { authorization: `Bearer ${GATEWAY_TOKEN}` }, perMessageDeflate: false });
  client.socket = socket;
  client.closed = undefined;
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("close", (code) => {
      // Not when it has another one already.
      if (client.socket === socket) client.closed = code;
    });
    socket.once("open", () => {
      // Who does not read gets everything, the others one session: so that a flood fills only those sockets.
      const filter = client.flooded ? {} : { sessions: [FAN] };
      const since = client.seq > 0 ? { since: client.seq } : {};
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { events: ["message.accepted"], ...filter, ...since } }));
    });
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { id?: number; result?: { seq: number; reset?: boolean }; params?: { seq: number; payload: { at: number } } };
      if (frame.id === 1) {
        if (frame.result?.reset === true) client.resets += 1;
        if (client.seq === 0 || frame.result?.reset === true) client.seq = frame.result!.seq;
        return resolve();
      }
      if (frame.params === undefined) return;
      if (frame.params.seq <= client.seq) client.wrong += 1;
      client.seq = frame.params.seq;
      client.events += 1;
      if (!client.deaf) arrivals.push(Date.now() - frame.params.payload.at);
    });
  });
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
      closed: undefined,
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
    await Promise.all(deaf.map(({ socket }) => socket.readyState === WebSocket.CLOSED || new Promise((resolve) => socket.once("close", resolve))));
    const closed = deaf.filter(({ closed: code }) => code === 4008).length;
    await each(deaf, 16, (client) => {
      client.deaf = false;
      return open(client);
    });
    return { closed, resets: deaf.reduce((sum, { resets }) => sum + resets, 0) };
  },
  figures: () => {
    const taken = arrivals.toSorted((a, b) => a - b);
    arrivals = [];
    return {
      arrivals: taken.length,
      p50: taken[Math.floor(taken.length * 0.5)] ?? 0,
      p99: taken[Math.floor(taken.length * 0.99)] ?? 0,
      max: taken.at(-1) ?? 0,
      open: clients.filter(({ closed }) => closed === undefined).length,
      wrong: clients.reduce((sum, { wrong }) => sum + wrong, 0),
      slowest: Math.min(...clients.filter(({ deaf }) => !deaf).map(({ events }) => events)),
      seqs: [...new Set(clients.filter(({ deaf }) => !deaf).map(({ seq }) => seq))],
    };
  },
};

process.on("message", ({ id, name, args }: { id: number; name: string; args: never }) => {
  Promise.resolve(commands[name]!(args)).then(
    (value) => process.send!({ id, value }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  );
});
