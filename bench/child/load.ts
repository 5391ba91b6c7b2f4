/** The load generator: clients of the gateway, bare sockets and direct calls of the model, all on monotonic time of this process. */
import { Agent, request } from "node:http";
import { WebSocket as WsWebSocket } from "ws";
import { createClient, type Client } from "../../src/client/index.ts";
import { openLeanSocket } from "../../test/faults/lean-socket.ts";
import { answerParent } from "./answer-parent.ts";

const Socket = WsWebSocket as unknown as typeof WebSocket;
const clients: Client[] = [];
const sockets: WsWebSocket[] = [];
/** Milliseconds from the making of an event to its arrival here. */
let arrivals: number[] = [];

export const TEN_WORDS = "Please put the kettle on, I will be home soon";
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Runs `work` for every index, at most `width` at a time. */
async function each(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(times(Math.min(width, count)).map(lane));
}

async function connect({ url, token, count }: { url: string; token: string; count: number }): Promise<void> {
  await each(count, 32, async () => {
    const client = createClient({ url, token, WebSocket: Socket });
    await client.connect();
    clients.push(client);
  });
}

let newest: { bytes: Buffer; at: number | undefined } | undefined;

/** When the event of a frame was made; all clients get the same bytes, which are taken apart once. */
function madeAt(payload: Buffer): number | undefined {
  if (newest === undefined || !payload.equals(newest.bytes)) {
    const { params } = JSON.parse(payload.toString()) as { params?: { payload?: { at?: number } } };
    newest = { bytes: Buffer.from(payload), at: params?.payload?.at };
  }
  return newest.at;
}

/** Clients that only listen and cost next to nothing, so that a crowd of them is not what is measured. @param subscribe says so; a bare server sends to everybody. */
async function connectListeners({ url, token, count, subscribe }: { url: string; token: string; count: number; subscribe: boolean }): Promise<void> {
  await each(count, 32, async () => {
    let subscribed = () => {};
    const heard = new Promise<void>((resolve) => (subscribed = resolve));
    const onText = (payload: Buffer) => {
      const at = madeAt(payload);
      if (at === undefined) subscribed();
      else arrivals.push(Date.now() - at);
    };
    const socket = await openLeanSocket(url, token, { onText, onClose: () => {} });
    if (!subscribe) return;
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { events: ["message.accepted"] } }));
    await heard;
  });
}

async function connectBare({ url, count }: { url: string; count: number }): Promise<void> {
  await each(count, 32, async () => {
    const socket = new WsWebSocket(url, { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => socket.once("open", () => resolve()).once("error", reject));
    sockets.push(socket);
  });
}

async function runTurn(client: Client, session: string, message = TEN_WORDS): Promise<number> {
  const from = performance.now();
  const result = (await client.call("agent.run", { session, message })) as { outcome?: string; error?: unknown };
  if (result.outcome !== "done") throw new Error(`a turn ended as ${JSON.stringify(result)}`);
  return performance.now() - from;
}

function echo(socket: WsWebSocket): Promise<number> {
  const from = performance.now();
  return new Promise((resolve) => {
    socket.once("message", () => resolve(performance.now() - from));
    socket.send(TEN_WORDS);
  });
}

const agent = new Agent({ keepAlive: true });

/** A chat completion over HTTP, read to its end: of the model itself or of a gateway. @param url ends in /v1 */
function complete(url: string, { body, token }: { body: string; token?: string }): Promise<number> {
  const from = performance.now();
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    request(`${url}/chat/completions`, { agent, method: "POST", headers }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("end", () =>
          response.statusCode === 200 ? resolve(performance.now() - from) : reject(new Error(`${url} answered ${response.statusCode}: ${text}`)),
        )
        .on("error", reject);
    })
      .on("error", reject)
      .end(body);
  });
}

interface Completions {
  readonly url: string;
  readonly token: string;
  readonly model: string;
}

/** Every client has a conversation of its own, which the gateway keeps. */
const completionOf = ({ url, token, model }: Completions, user: string) =>
  complete(url, { token, body: JSON.stringify({ model, user, messages: [{ role: "user", content: TEN_WORDS }] }) });

interface Pace {
  readonly sessions: number;
  readonly rounds: number;
  /** Of all sessions together, about; default 200. */
  readonly perSecond?: number;
}

/** So many people who each act `rounds` times; however many they are, together they keep the pace. */
async function paced({ sessions: width, rounds, perSecond = 200 }: Pace, act: (index: number, round: number) => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  const gap = (900 / perSecond) * width;
  await Promise.all(
    times(width).map(async (index) => {
      await pause(Math.random() * gap);
      for (const round of times(rounds)) {
        taken.push(await act(index, round));
        await pause((2 / 3 + (Math.random() * 2) / 3) * gap);
      }
    }),
  );
  return taken;
}

/** `width` people who act again at once, for `ms`. */
async function closedLoop(width: number, ms: number, act: (index: number, round: number) => Promise<unknown>): Promise<{ count: number; ms: number }> {
  const from = performance.now();
  let count = 0;
  await Promise.all(
    times(width).map(async (index) => {
      for (let round = 0; performance.now() - from < ms; round++) {
        await act(index, round);
        count++;
      }
    }),
  );
  return { count, ms: performance.now() - from };
}

const sessionOf = (prefix: string, index: number, round: number) => `agent:main:${prefix}-${index}-${Math.floor(round / 20)}`;

answerParent({
  connect,
  connectListeners,
  connectBare,
  pacedTurns: ({ prefix, ...pace }: Pace & { prefix: string }) => paced(pace, (index, round) => runTurn(clients[index]!, sessionOf(prefix, index, round))),
  pacedEchoes: (pace: Pace) => paced(pace, (index) => echo(sockets[index]!)),
  pacedModel: ({ url, body, ...pace }: Pace & { url: string; body: string }) => paced(pace, () => complete(url, { body })),
  closedTurns: ({ sessions, ms, prefix }: { sessions: number; ms: number; prefix: string }) =>
    closedLoop(sessions, ms, (index, round) => runTurn(clients[index]!, sessionOf(prefix, index, round))),
  closedEchoes: ({ sessions, ms }: { sessions: number; ms: number }) => closedLoop(sessions, ms, (index) => echo(sockets[index]!)),
  completions: async ({ rounds, ...target }: Completions & { rounds: number }) => {
    const taken: number[] = [];
    for (const _ of times(rounds)) taken.push(await completionOf(target, "one"));
    return taken;
  },
  closedCompletions: ({ sessions, ms, ...target }: Completions & { sessions: number; ms: number }) =>
    closedLoop(sessions, ms, (index, round) => completionOf(target, `many-${index}-${Math.floor(round / 20)}`)),
  /** One turn in each of `count` new sessions. */
  fillSessions: ({ count, prefix }: { count: number; prefix: string }) =>
    each(count, 100, async (index) => {
      await runTurn(clients[index % clients.length]!, `agent:main:${prefix}-${index}`);
    }),
  /** `turns` turns in each of `count` sessions; a hundred sessions at a time. */
  fillDeep: ({ count, turns, prefix }: { count: number; turns: number; prefix: string }) =>
    each(count, 100, async (index) => {
      for (let turn = 0; turn < turns; turn++)
        await runTurn(clients[index % clients.length]!, `agent:main:${prefix}-${index}`, `${TEN_WORDS}, says ${index} for the ${turn}. time`);
    }),
  /** Milliseconds of `rounds` calls, one after the other. */
  calls: async ({ method, params, rounds }: { method: string; params: Record<string, unknown>; rounds: number }) => {
    const taken: number[] = [];
    for (const _ of times(rounds)) {
      const from = performance.now();
      await clients[0]!.call(method as "health", params as Record<string, never>);
      taken.push(performance.now() - from);
    }
    return taken;
  },
  turn: ({ session, message }: { session: string; message?: string }) => runTurn(clients[0]!, session, message),
  /** Fills a session: many messages wait in its lane, so that only the turns themselves take time. */
  fill: async ({ session, turns }: { session: string; turns: number }) => {
    let last = "";
    await each(turns, 100, async () => {
      const sent = (await clients[0]!.call("chat.send", { session, message: TEN_WORDS })) as { message_id: string };
      last = sent.message_id;
    });
    await clients[0]!.call("agent.wait", { message_id: last });
  },
  takeArrivals: () => {
    const taken = arrivals;
    arrivals = [];
    return taken;
  },
});
