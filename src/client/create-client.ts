import { signDevice, type DeviceKey, type DeviceScope, type DeviceSigner } from "./device-key.ts";
import { ClientError, fromWire } from "./client-error.ts";
import { later, type Later } from "./later.ts";
import type { Methods } from "./methods.generated.ts";

/** What the client needs of a WebSocket: those of browsers, Node, React Native and the package `ws` are ones. */
export interface SocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(type: "open" | "error", listener: () => void, options?: { once?: boolean }): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void, options?: { once?: boolean }): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void, options?: { once?: boolean }): void;
}
export type SocketConstructor = new (url: string) => SocketLike;

/** An event as it comes from the gateway; `isEvent` tells which. */
export interface GatewayEvent {
  readonly event: string;
  readonly seq: number;
  readonly session?: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface SubscribeAnswer {
  readonly seq: number;
  readonly turns: Methods["subscribe"]["result"]["turns"];
  readonly reset?: boolean;
}

export type ClientState = "connecting" | "ready" | "waiting" | "closed";

export interface ClientListeners {
  event(event: GatewayEvent): void;
  /** Events were missed for good: read what is shown again (chat.history). `answer` has the running turns. */
  reset(answer: SubscribeAnswer): void;
  /** The subscription stands again after a reconnect, without a gap. */
  resumed(answer: SubscribeAnswer): void;
  state(state: ClientState): void;
  /** The credential was refused: it will not be tried again. */
  refused(error: ClientError): void;
}

export interface ClientOptions {
  /** `ws://` or `wss://`, with the path, e.g. `ws://127.0.0.1:18789/ws`. */
  readonly url: string;
  readonly token?: string;
  readonly password?: string;
  /**
   * A paired device instead of a token. `scopes`: what it wants of those it was granted, by default all. With `gateway`, the identity the device was paired with,
   * nothing is signed for any other.
   */
  readonly device?: { readonly key: DeviceKey | DeviceSigner; readonly scopes?: readonly DeviceScope[]; readonly gateway?: string };
  /** The constructor to use; default: the global one of browsers and Node. */
  readonly WebSocket?: SocketConstructor;
  /** Milliseconds before the first retry; doubles up to 30 s, with jitter. */
  readonly retryMs?: number;
  /** Milliseconds without a frame after which the gateway is asked whether it is there; as long again without an answer, and the connection counts as lost. Default 30 s. */
  readonly quietMs?: number;
}

export interface Client {
  readonly state: ClientState;
  /** What the gateway has refused last: while `waiting`, why (too many wrong credentials, a gateway that stops). */
  readonly trouble: ClientError | undefined;
  /** Resolves when authenticated. @throws ClientError `unauthenticated` when the credential is refused; a gateway that is away is tried again. */
  connect(): Promise<Methods["authenticate"]["result"]>;
  /** @throws ClientError; `disconnected` when the connection broke before the answer (whether it was done is not known: repeat with an idempotency_key). */
  call<M extends keyof Methods>(method: M, params: Methods[M]["params"], signal?: AbortSignal): Promise<Methods[M]["result"]>;
  call<M extends keyof Methods>(method: {} extends Methods[M]["params"] ? M : never): Promise<Methods[M]["result"]>;
  /** From now on and across reconnects: after one, what was missed is replayed. */
  subscribe(filter?: { events?: readonly string[]; sessions?: readonly string[]; since?: number }): Promise<SubscribeAnswer>;
  /** @returns the function that ends it. */
  on<K extends keyof ClientListeners>(name: K, listener: ClientListeners[K]): () => void;
  close(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: ClientError): void;
}

type Filter = { events?: readonly string[]; sessions?: readonly string[] };

const MOST_MS = 30_000;
const QUIET_MS = 30_000;
/** Close codes after which the same credential will not be tried again. */
const REFUSED = 4001;
/** Our own, for a connection on which nothing comes any more. */
const NO_ANSWER = 4900;

/** Errors after which trying again with the same credential is of no use. */
const FINAL: ReadonlySet<string> = new Set(["unauthenticated", "forbidden", "device_unknown", "device_revoked", "gateway_changed"]);

/** A connection to the gateway that mends itself. Web APIs only: browsers, workers, Node and React Native. */
export function createClient(options: ClientOptions): Client {
  const Socket: SocketConstructor = options.WebSocket ?? WebSocket;
  const listeners: { [K in keyof ClientListeners]: Set<ClientListeners[K]> } = {
    event: new Set(),
    reset: new Set(),
    resumed: new Set(),
    state: new Set(),
    refused: new Set(),
  };
  const waiting = new Map<number, Waiting>();
  let socket: SocketLike | undefined;
  let heard = false;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let state: ClientState = "closed";
  let filter: Filter | undefined;
  let lastSeq: number | undefined;
  let trouble: ClientError | undefined;
  let nextId = 1;
  let attempts = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let connecting: Later<Methods["authenticate"]["result"]> | undefined;

  const tell = <K extends keyof ClientListeners>(name: K, value: Parameters<ClientListeners[K]>[0]) => {
    for (const listener of listeners[name]) (listener as (value: unknown) => void)(value);
  };
  const setState = (next: ClientState) => {
    if (state === next) return;
    state = next;
    tell("state", next);
  };

  const request = (method: string, params: unknown, signal?: AbortSignal): Promise<unknown> => {
    const open = socket;
    if (open === undefined || open.readyState !== 1) return Promise.reject(new ClientError("disconnected", "not connected to the gateway"));
    if (signal?.aborted) return Promise.reject(new ClientError("aborted", "the call was given up"));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        waiting.delete(id);
        reject(new ClientError("aborted", "the call was given up"));
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settle = () => signal?.removeEventListener("abort", abort);
      waiting.set(id, { resolve: (result) => (settle(), resolve(result)), reject: (error) => (settle(), reject(error)) });
      open.send(JSON.stringify({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) }));
    });
  };

  const receive = (text: string) => {
    heard = true;
    const frame = JSON.parse(text) as { id?: number; method?: string; params?: GatewayEvent; result?: unknown; error?: Parameters<typeof fromWire>[0] };
    if (frame.method === "event" && frame.params !== undefined) {
      lastSeq = frame.params.seq;
      return tell("event", frame.params);
    }
    const call = waiting.get(frame.id ?? 0);
    if (call === undefined) return;
    waiting.delete(frame.id!);
    if (frame.error === undefined) call.resolve(frame.result);
    else call.reject((trouble = fromWire(frame.error)));
  };

  const resume = async () => {
    if (filter === undefined) return;
    const answer = (await request("subscribe", { ...filter, ...(lastSeq === undefined ? {} : { since: lastSeq }) })) as SubscribeAnswer;
    if (answer.reset === true || lastSeq === undefined) lastSeq = answer.seq;
    tell(answer.reset === true ? "reset" : "resumed", answer);
  };

  /** A network that has gone away says nothing, and neither does a socket on it: silence is asked about. */
  const watchSilence = (mine: SocketLike, asked = false) => {
    watch = setTimeout(() => {
      if (socket !== mine) return;
      if (asked && !heard) return lost(mine, NO_ANSWER);
      const quiet = !heard;
      heard = false;
      if (quiet) void request("ping", {}).catch(() => {});
      watchSilence(mine, quiet);
    }, options.quietMs ?? QUIET_MS);
  };

  /** What is shown; a device signs a nonce of this very connection. */
  const proof = async (): Promise<Methods["authenticate"]["params"]> => {
    const { token, password, device } = options;
    if (device === undefined) return { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) };
    const { nonce, gateway } = (await request("challenge", {})) as Methods["challenge"]["result"];
    if (device.gateway !== undefined && device.gateway !== gateway) {
      throw new ClientError("gateway_changed", `this is the gateway ${gateway}, the device was paired with ${device.gateway}`);
    }
    return { device: await signDevice(device.key, { purpose: "authenticate", gateway, nonce, scopes: device.scopes ?? [], signedAt: Date.now() }) };
  };

  const greet = async () => {
    const hello = (await request("authenticate", await proof())) as Methods["authenticate"]["result"];
    attempts = 0;
    setState("ready");
    watchSilence(socket!);
    connecting?.resolve(hello);
    connecting = undefined;
    await resume();
  };

  const give = (error: ClientError) => {
    if (state === "closed") return;
    setState("closed");
    tell("refused", error);
    connecting?.reject(error);
    connecting = undefined;
    socket?.close();
  };

  const lost = (old: SocketLike, code: number) => {
    if (socket !== old) return;
    socket = undefined;
    clearTimeout(watch);
    if (code === NO_ANSWER) old.close();
    const error = new ClientError("disconnected", `the connection to the gateway was closed (${code})`);
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
    if (state === "closed") return;
    if (code === REFUSED) return give(new ClientError("unauthenticated", "the gateway refused the credential"));
    setState("waiting");
    const most = Math.min(MOST_MS, (options.retryMs ?? 500) * 2 ** attempts++);
    retry = setTimeout(open, most / 2 + (Math.random() * most) / 2);
  };

  function open(): void {
    setState("connecting");
    const mine = new Socket(options.url);
    socket = mine;
    mine.addEventListener("open", () => {
      greet().catch((error: ClientError) => {
        if (FINAL.has(error.code)) give(error);
        // Anything else (rate limit, a gateway that stops) ends this connection; the next one tries again.
        else if (error.code !== "disconnected") mine.close();
      });
    });
    mine.addEventListener("message", ({ data }) => receive(String(data)));
    mine.addEventListener("close", ({ code }) => lost(mine, code));
    // The close event that follows says all there is to know.
    mine.addEventListener("error", () => {});
  }

  return {
    get state() {
      return state;
    },
    get trouble() {
      return trouble;
    },
    connect() {
      if (connecting === undefined) {
        connecting = later();
        if (state === "closed") open();
        else if (state === "ready") return proof().then((shown) => request("authenticate", shown)) as Promise<Methods["authenticate"]["result"]>;
      }
      return connecting.promise;
    },
    call: (method: string, params?: unknown, signal?: AbortSignal) => request(method, params, signal) as Promise<never>,
    async subscribe({ since, ...wanted } = {}) {
      filter = wanted;
      const answer = (await request("subscribe", { ...wanted, ...(since === undefined ? {} : { since }) })) as SubscribeAnswer;
      // Events of a replay come behind the answer and raise it from `since`.
      lastSeq = answer.reset === true || since === undefined ? answer.seq : since;
      if (answer.reset === true) tell("reset", answer);
      return answer;
    },
    on(name, listener) {
      const set = listeners[name] as Set<typeof listener>;
      set.add(listener);
      return () => void set.delete(listener);
    },
    close() {
      setState("closed");
      clearTimeout(retry);
      clearTimeout(watch);
      connecting?.reject(new ClientError("closed", "the client was closed"));
      connecting = undefined;
      filter = undefined;
      socket?.close(1000);
    },
  };
}
