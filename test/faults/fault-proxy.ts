/** A wire between the gateway and a server that can be cut, silenced, slowed and made lossy, without rights over the machine's network. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { type Clock, sleep } from "../../src/core/clock.ts";
import { realClock } from "../fakes/real-clock.ts";

export interface FaultProxy {
  readonly port: number;
  /**
   * - `pass`: as if it were not there;
   * - `refuse`: connections are reset, and those that stand are cut;
   * - `stall`: connections stand, and not a byte passes: a half-open TCP connection;
   * - `deaf`: what is sent arrives, what the server answers does not.
   */
  mode: "pass" | "refuse" | "stall" | "deaf";
  /** Every chunk waits so long, milliseconds. */
  delayMs: number;
  /** Share of chunks that are lost and come again after the pause TCP makes before it repeats, 0 to 1. */
  loss: number;
  /** Share of connections that are cut in the middle of what they carry, 0 to 1. */
  cuts: number;
  /** Everything that has happened on it so far: connections, their ends and chunks. */
  readonly events: number;
  /** Connections that the client has opened so far, and those that stand. */
  readonly opened: number;
  readonly standing: number;
  /** On some connection the server has the word: it has not greeted, or not answered yet. */
  readonly unanswered: boolean;
  /** Told of every chunk that the client sends. */
  onSent: (chunk: string | Buffer) => void;
  /** Cuts every connection that stands. */
  cut(): void;
  close(): Promise<void>;
}

/** The least pause before TCP repeats what was lost (RFC 6298 has 1 s; Linux 200 ms), doubled each time. */
const REPEAT_MS = 200;

/** @param target port of the real server on 127.0.0.1. @param random from 0 to 1 @param clock of the pauses; default: the machine's @param host address to listen on */
export async function startFaultProxy(target: number, random: () => number, clock: Clock = realClock, host = "127.0.0.1"): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  /** Near ends, and whether their server has the word. */
  const words = new Map<Socket, boolean>();
  const held = new Set<() => void>();
  let mode: FaultProxy["mode"] = "pass";
  let events = 0;
  let opened = 0;
  const proxy = {
    port: 0,
    get mode() {
      return mode;
    },
    set mode(wanted) {
      mode = wanted;
      if (mode === "refuse") proxy.cut();
      release();
    },
    get events() {
      return events;
    },
    get opened() {
      return opened;
    },
    get standing() {
      return words.size;
    },
    get unanswered() {
      return [...words.values()].includes(true);
    },
    delayMs: 0,
    loss: 0,
    cuts: 0,
    onSent: (_chunk: string | Buffer) => {},
    // A reset in the middle of a shutdown leaves the handle open for ever.
    cut: () => sockets.forEach((socket) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy())),
    async close() {
      proxy.cut();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  const release = () => {
    held.forEach((go) => go());
    held.clear();
  };
  const pause = () => {
    let ms = proxy.delayMs;
    for (let again = REPEAT_MS; random() < proxy.loss && again < 10_000; again *= 2) ms += again;
    return ms;
  };
  const open = (answers: boolean) => proxy.mode !== "stall" && !(answers && proxy.mode === "deaf");

  const carry = (from: Socket, to: Socket, answers: boolean) => {
    const near = answers ? to : from;
    // In order, as TCP keeps it: a chunk that is late holds up those behind it.
    let last: Promise<void> = Promise.resolve();
    from.on("data", (chunk) => {
      events += 1;
      if (!answers) words.set(near, true);
      if (!answers) proxy.onSent(chunk);
      if (proxy.cuts > 0 && random() < proxy.cuts) return void from.resetAndDestroy();
      const ms = pause();
      last = last.then(async () => {
        if (ms > 0) await sleep(clock, ms);
        while (!open(answers) && !to.destroyed) await new Promise<void>((resolve) => held.add(resolve));
        events += 1;
        if (answers && words.has(near)) words.set(near, false);
        if (!to.destroyed) to.write(chunk);
      });
    });
    from.on("end", () => void last.then(() => void to.end()));
  };

  const server = createServer((near) => {
    if (proxy.mode === "refuse") return void near.resetAndDestroy();
    const far = connect(target, "127.0.0.1");
    opened += 1;
    words.set(near, true);
    near.on("close", () => words.delete(near));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        events += 1;
        sockets.delete(socket);
        release();
        if (socket.errored) other.destroy();
      });
    }
    carry(near, far, false);
    carry(far, near, true);
  });
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}
