import type { RawData, WebSocket } from "ws";
import type { Clock } from "../../../core/clock.ts";
import type { Socket, SocketClose, SocketDestination } from "../../../core/sockets.ts";

/** Unread bytes and messages above which the other side has to wait. */
const MAX_UNREAD_BYTES = 4_000_000;
const MAX_UNREAD = 500;
/** Unsent bytes above which the other side counts as gone. */
const MAX_UNSENT_BYTES = 4_000_000;
const GOODBYE_MS = 2_000;

/** @param socket open and paused. */
export function openSocket(socket: WebSocket, { credential }: SocketDestination, clock: Clock): Socket {
  const { promise: closed, resolve } = Promise.withResolvers<SocketClose>();
  const unread: (string | Uint8Array)[] = [];
  let bytes = 0;
  let over = false;
  let wake = () => {};
  let cancelGoodbye = () => {};
  socket.on("message", (data, isBinary) => {
    const message = isBinary ? toBytes(data) : String(data);
    unread.push(message);
    bytes += message.length;
    if (bytes > MAX_UNREAD_BYTES || unread.length > MAX_UNREAD) socket.pause();
    wake();
  });
  socket.on("close", (code, reason) => {
    over = true;
    cancelGoodbye();
    resolve({ code, reason: String(reason) });
    wake();
  });
  socket.resume();

  async function* read(): AsyncGenerator<string | Uint8Array, void> {
    try {
      for (;;) {
        const message = unread.shift();
        if (message !== undefined) {
          bytes -= message.length;
          if (socket.isPaused && bytes <= MAX_UNREAD_BYTES / 2 && unread.length <= MAX_UNREAD / 2) socket.resume();
          yield message;
        } else if (over) return;
        else await new Promise<void>((continueReading) => (wake = continueReading));
      }
    } finally {
      // Whoever stops reading is done with the socket; paused it would never notice the end.
      if (!over) goodbye(1000, "");
    }
  }

  function goodbye(code: number, reason: string): void {
    socket.resume();
    socket.close(code, reason);
    cancelGoodbye();
    cancelGoodbye = clock.timer(GOODBYE_MS, () => socket.terminate());
  }

  function write(message: string | Uint8Array): boolean {
    if (socket.readyState !== socket.OPEN) return false;
    // A failure to write is followed by `close`.
    socket.send(message, () => {});
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate();
    return true;
  }

  return {
    messages: read(),
    closed,
    send: (text, options = {}) =>
      write(options.credential === true && credential?.in === "message" ? text.replaceAll("{secret}", () => jsonText(credential.secret.reveal())) : text),
    sendBytes: write,
    ping: () =>
      new Promise((answered) => {
        if (socket.readyState !== socket.OPEN) return;
        socket.once("pong", () => answered());
        socket.ping(undefined, undefined, () => {});
      }),
    close(code = 1000, reason = "") {
      if (!over) goodbye(code, reason);
    },
  };
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function jsonText(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
