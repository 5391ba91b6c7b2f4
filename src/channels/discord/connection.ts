/** One connection to the gateway, from hello to its end. Knows nothing of what the events mean. */
import type { Socket, SocketClose } from "../../core/sockets.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type DiscordAccount, recover } from "./account.ts";
import { admit, type GatewayEvent } from "./admit.ts";
import type { Position } from "./position.ts";
import type { Frame } from "./wire.ts";

/** Gateway Opcodes. */
const DISPATCH = 0;
const HEARTBEAT = 1;
const IDENTIFY = 2;
const RESUME = 6;
const RECONNECT = 7;
const INVALID_SESSION = 9;
const HELLO = 10;
const HEARTBEAT_ACK = 11;

/** GUILDS, GUILD_MESSAGES, GUILD_MESSAGE_REACTIONS, DIRECT_MESSAGES, DIRECT_MESSAGE_REACTIONS, MESSAGE_CONTENT, GUILD_MESSAGE_POLLS, DIRECT_MESSAGE_POLLS (Gateway Intents). */
const INTENTS = (1 << 0) | (1 << 9) | (1 << 10) | (1 << 12) | (1 << 13) | (1 << 15) | (1 << 24) | (1 << 25);

/** Any code but 1000 and 1001, which would end the session. */
const GOODBYE = 4900;
const ZOMBIE = 4901;

/** Events that wait for the intake; with more the connection is given up and the rest stays at Discord. */
const MAX_WAITING = 2_000;
/** Events of one commit. */
const MAX_BATCH = 50;
const MAX_FRAME_BYTES = 64_000_000;

export interface Ended {
  readonly close: SocketClose;
  /** READY or RESUMED was taken in. */
  readonly established: boolean;
  /** What Invalid Session said: the session may be tried again, or is gone. */
  readonly invalid?: "resumable" | "gone";
}

/** @throws HttpFailure when there is no connection at all. */
export async function runConnection(account: DiscordAccount, run: { url: string; position: Position; signal: AbortSignal }): Promise<Ended> {
  const { config, deps } = account;
  const destination = { baseUrl: config.api_root, domains: ["discord.gg"], credential: { in: "message", secret: config.token } } as const;
  const socket = await deps.sockets.connect(destination, { url: withQuery(run.url), signal: run.signal, maxBytes: MAX_FRAME_BYTES });
  return await new Connection(account, socket, run.position).serve(run.signal);
}

function withQuery(text: string): string {
  const url = new URL(text);
  url.searchParams.set("v", "10");
  url.searchParams.set("encoding", "json");
  return url.href;
}

class Connection {
  readonly #account: DiscordAccount;
  readonly #socket: Socket;
  readonly #position: Position;
  readonly #waiting: GatewayEvent[] = [];
  readonly #over = new AbortController();
  #working: Promise<void> | undefined;
  #cancelBeat = () => {};
  #cancelHello = () => {};
  #answered = true;
  #established = false;
  /** The intake refuses; heartbeats alone do not make the account ready then. */
  #stuck = false;
  #invalid: Ended["invalid"];

  constructor(account: DiscordAccount, socket: Socket, position: Position) {
    this.#account = account;
    this.#socket = socket;
    this.#position = position;
  }

  /** Resolves when the socket is closed and nothing is handed in any more. */
  async serve(signal: AbortSignal): Promise<Ended> {
    const stop = () => {
      this.#over.abort();
      this.#socket.close(GOODBYE);
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#cancelHello = this.#account.deps.clock.timer(this.#account.timing.helloMs, () => {
      if (!this.#established && this.#waiting.length === 0 && this.#working === undefined) this.#socket.close(ZOMBIE);
    });
    try {
      for await (const text of this.#socket.messages) this.#take(text);
    } finally {
      signal.removeEventListener("abort", stop);
      this.#cancelHello();
      this.#cancelBeat();
      this.#over.abort();
    }
    await this.#working;
    const close = await this.#socket.closed;
    return { close, established: this.#established, ...(this.#invalid === undefined ? {} : { invalid: this.#invalid }) };
  }

  #take(text: string | Uint8Array): void {
    let frame: Frame;
    try {
      frame = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text)) as Frame;
    } catch (error) {
      this.#account.deps.log.warn("discord frame skipped: it is not JSON", { error });
      return;
    }
    switch (frame?.op) {
      case HELLO:
        return this.#greet((frame.d as { heartbeat_interval?: number } | undefined)?.heartbeat_interval ?? 41_250);
      case HEARTBEAT:
        return this.#beat();
      case HEARTBEAT_ACK:
        this.#answered = true;
        if (this.#established && !this.#stuck) this.#account.health.alive();
        return;
      case RECONNECT:
        return this.#socket.close(GOODBYE);
      case INVALID_SESSION:
        this.#invalid = frame.d === true ? "resumable" : "gone";
        return this.#socket.close(GOODBYE);
      case DISPATCH:
        return this.#queue(frame);
      default:
    }
  }

  #greet(intervalMs: number): void {
    const { session } = this.#position;
    if (session === undefined) {
      const properties = { os: "linux", browser: "open-clanker", device: "open-clanker" };
      this.#send(IDENTIFY, { token: "{secret}", intents: INTENTS, properties, large_threshold: 50 }, true);
    } else this.#send(RESUME, { token: "{secret}", session_id: session.id, seq: session.seq }, true);
    const next = (ms: number) => {
      this.#cancelBeat = this.#account.deps.clock.timer(ms, () => {
        if (!this.#answered) {
          this.#account.deps.log.warn("discord heartbeat was not answered", { intervalMs });
          return this.#socket.close(ZOMBIE);
        }
        this.#answered = false;
        this.#beat();
        next(intervalMs);
      });
    };
    this.#cancelBeat();
    // The first comes at a random time, so that not everybody's come at once (Gateway, Heartbeat Interval).
    next(intervalMs * this.#account.deps.random.number());
  }

  #beat(): void {
    this.#send(HEARTBEAT, this.#position.session?.seq ?? null);
  }

  #send(op: number, d: unknown, credential = false): void {
    this.#socket.send(JSON.stringify({ op, d }), { credential });
  }

  #queue(frame: Frame): void {
    if (typeof frame.t !== "string" || typeof frame.s !== "number") return;
    this.#waiting.push({ type: frame.t, seq: frame.s, data: frame.d });
    if (this.#waiting.length > MAX_WAITING) {
      this.#account.deps.log.warn("discord sends faster than events can be stored; reconnecting");
      return this.#socket.close(ZOMBIE);
    }
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  /** Events in order, one commit at a time. What is refused is tried again until the connection ends; then Discord sends it again. */
  async #work(): Promise<void> {
    const { deps } = this.#account;
    const { signal } = this.#over;
    const backoff = createAccountBackoff(this.#account);
    while (this.#waiting.length > 0 && !signal.aborted) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      try {
        await admit(this.#account, batch, this.#position, signal);
        this.#waiting.splice(0, batch.length);
        this.#settled(batch);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#stuck = true;
        deps.log.warn("discord events not taken; trying again", { error, failures: backoff.failures + 1 });
        await recover(this.#account, error, { backoff, signal });
      }
    }
  }

  #settled(batch: readonly GatewayEvent[]): void {
    const begun = batch.some(({ type }) => type === "READY" || type === "RESUMED");
    if (begun) this.#established = true;
    if (this.#established && (begun || this.#stuck)) this.#account.health.alive();
    this.#stuck = false;
  }
}
