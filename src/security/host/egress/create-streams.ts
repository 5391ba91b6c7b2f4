import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecure, type TLSSocket } from "node:tls";
import type { Clock } from "../../../core/clock.ts";
import { HttpFailure } from "../../../core/http.ts";
import type { Log } from "../../../core/log.ts";
import { silentMetrics, type Metrics } from "../../../core/metrics.ts";
import type { Stream, StreamDestination, StreamRequest, Streams } from "../../../core/streams.ts";

export interface StreamsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics;
}

const CONNECT_TIMEOUT_MS = 30_000;
const GOODBYE_MS = 2_000;
/** Unsent bytes above which the other side counts as gone. */
const MAX_UNSENT_BYTES = 4_000_000;
/** An idle connection is asked for by the kernel too, so that a silent cut is noticed without any protocol. */
const KEEP_ALIVE_MS = 60_000;

/** The door to outgoing TCP and TLS streams of configured servers. */
export function createStreams({ log, clock, metrics = silentMetrics }: StreamsOptions): Streams {
  return {
    async connect(destination, request = {}) {
      const shown = `${destination.tls ? "TLS" : "TCP"} ${destination.host}:${destination.port}`;
      const count = (result: string) => metrics.count("egress_streams_total", { origin: `${destination.host}:${destination.port}`, result });
      try {
        const socket = await connected(destination, { ...request, shown, clock });
        count("open");
        log.debug("stream open", { stream: shown });
        return openStream(socket, destination, { clock, shown });
      } catch (error) {
        count(error instanceof HttpFailure ? error.kind : "error");
        throw error;
      }
    },
  };
}

async function connected(destination: StreamDestination, opening: Opening): Promise<Socket> {
  const { host, port, tls } = destination;
  const { signal, shown } = opening;
  if (signal?.aborted) throw new HttpFailure("aborted", `${shown}: aborted`, false);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new HttpFailure("refused", `${shown}: not a port`, false);
  const secure = tls !== undefined && tls.later !== true;
  const socket = await opened(
    secure ? connectSecure({ host, port, ...tlsOptions(destination) }) : connectPlain({ host, port }),
    secure ? tls : undefined,
    opening,
  );
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  socket.pause();
  return socket;
}

/** A pinned certificate is compared once it is there, before a byte is written; nobody has to have signed it. */
function tlsOptions({ host, tls }: StreamDestination): { servername: string; rejectUnauthorized: boolean } {
  return { servername: nameFor(tls?.name ?? host), rejectUnauthorized: tls?.fingerprint === undefined };
}

/** Waits until a socket that is being opened is, TLS (`tls`) included. Destroys it when it is not. @throws HttpFailure */
function opened<S extends Socket>(socket: S, tls: StreamDestination["tls"], { signal, timeoutMs = CONNECT_TIMEOUT_MS, shown, clock }: Opening): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const pinned = tls?.fingerprint;
  const fail = (failure: HttpFailure) => {
    settle();
    socket.destroy();
    reject(failure);
  };
  const onAbort = () => fail(new HttpFailure("aborted", `${shown}: aborted`, false));
  const cancelTimer = clock.timer(timeoutMs, () => fail(new HttpFailure("timeout", `${shown}: not open within ${timeoutMs} ms`, false)));
  const settle = () => {
    cancelTimer();
    signal?.removeEventListener("abort", onAbort);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  // Stays for the life of the socket: an error without a listener would end the process. What follows from it is told by `close`.
  socket.on("error", (error: NodeJS.ErrnoException) => fail(new HttpFailure("connect", `${shown}: ${error.code ?? "error"}`, false)));
  socket.once("close", () => fail(new HttpFailure("connect", `${shown}: closed at once`, false)));
  socket.once(tls ? "secureConnect" : "connect", () => {
    settle();
    if (pinned !== undefined && fingerprintOf(socket as unknown as TLSSocket) !== plainHex(pinned)) {
      return fail(new HttpFailure("connect", `${shown}: the certificate is not the one named in the config`, false));
    }
    resolve(socket);
  });
  return promise;
}

type Opening = StreamRequest & { readonly shown: string; readonly clock: Clock };

/** An address has no name to ask for (RFC 6066 section 3). */
function nameFor(host: string): string {
  return /^[\d.]+$|:/.test(host) ? "" : host;
}

function fingerprintOf(socket: TLSSocket): string {
  return plainHex(socket.getPeerCertificate().fingerprint256 ?? "");
}

function plainHex(text: string): string {
  return text.replaceAll(":", "").toLowerCase();
}

function openStream(first: Socket, destination: StreamDestination, { clock, shown }: { clock: Clock; shown: string }): Stream {
  const { secrets = {} } = destination;
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let socket = first;
  let secured = Promise.withResolvers<"secured">();
  let reason = "the other side closed the connection";
  let cancelGoodbye = () => {};
  const watch = (one: Socket) => {
    one.on("error", (error: NodeJS.ErrnoException) => (reason = error.code ?? "error"));
    one.once("close", () => {
      // What is under TLS closes before TLS does, or when TLS could not begin.
      if (one !== socket) return;
      cancelGoodbye();
      resolve(reason);
    });
  };
  watch(first);
  const close = () => {
    if (socket.destroyed) return;
    reason = "closed by us";
    socket.end();
    // Unread it would never notice the end.
    if (!reading) socket.resume();
    cancelGoodbye();
    cancelGoodbye = clock.timer(GOODBYE_MS, () => socket.destroy());
  };
  let reading = false;
  const filled = (text: string) => text.replace(/\{([a-z_]+)\}/g, (whole, name: string) => secrets[name]?.reveal() ?? whole);

  async function* read(): AsyncGenerator<Uint8Array, void> {
    reading = true;
    try {
      let over = false;
      while (!over) {
        const chunks = socket.iterator({ destroyOnReturn: false });
        over = true;
        for (;;) {
          const next = chunks.next();
          // Left behind when TLS begins under it.
          next.catch(() => {});
          const chunk = await Promise.race([next, secured.promise]);
          if (chunk === "secured") {
            secured = Promise.withResolvers();
            over = false;
            break;
          }
          if (chunk.done) break;
          yield chunk.value as Uint8Array;
        }
      }
    } catch {
      // A lost connection ends what comes in; `closed` says why.
    } finally {
      close();
    }
  }

  return {
    bytes: read(),
    closed,
    write(text, { credential = false, base64 } = {}) {
      if (!socket.writable) return false;
      const whole = credential ? filled(text) : text;
      const framed = base64 === undefined ? whole : base64.before + Buffer.from(whole).toString("base64") + base64.after;
      // A failure to write is followed by `close`.
      socket.write(framed, () => {});
      if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
      return true;
    },
    async secure(timeoutMs) {
      if (destination.tls?.later !== true || socket !== first || first.destroyed) throw new HttpFailure("connect", `${shown}: cannot begin TLS`, false);
      const secure = connectSecure({ socket: first, host: destination.host, ...tlsOptions(destination) });
      socket = secure;
      watch(secure);
      await opened(secure, destination.tls, { shown, clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      secure.pause();
      secured.resolve("secured");
    },
    close,
  };
}
