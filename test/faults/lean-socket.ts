/**
 * A client of /ws that costs its process next to nothing: of ten thousand of them in the test's own processes, on the cores of the gateway, they must not be what is
 * measured. It knows just enough of RFC 6455 to hear events: whole text frames, pings, closes.
 */
import { connect } from "node:net";

export interface LeanSocket {
  /** Code of its close; 1006 when there was none; undefined while it is open. */
  readonly closed: number | undefined;
  send(text: string): void;
  pause(): void;
  resume(): void;
  /** Cuts the connection. */
  terminate(): void;
}

interface Ears {
  /** The bytes are good for the time of the call only. */
  onText(payload: Buffer): void;
  onClose(): void;
}

/** What is read is looked at before anything else is read, so that all connections share it. */
const shared = Buffer.alloc(64 * 1024);
const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** @returns when the upgrade is done. @throws Error when it is refused. */
export function openLeanSocket(url: string, token: string, ears: Ears): Promise<LeanSocket> {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    let upgraded = false;
    let code: number | undefined;
    let closed: number | undefined;
    let rest: Buffer | undefined;
    const onread = {
      buffer: shared,
      callback: (length: number): boolean => {
        let bytes = shared.subarray(0, length);
        if (rest !== undefined) bytes = Buffer.concat([rest, bytes]);
        const from = upgraded ? 0 : upgrade(bytes);
        const left = bytes.subarray(from + readFrames(bytes.subarray(from), onFrame));
        rest = left.length === 0 ? undefined : Buffer.from(left);
        return true;
      },
    };
    const wire = connect({ host: hostname, port: Number(port), noDelay: true, onread });
    const write = (opcode: number, payload: Buffer) => void (wire.writable && wire.write(maskedFrame(opcode, payload)));
    const self: LeanSocket = {
      get closed() {
        return closed;
      },
      send: (text) => write(OPCODE.text, Buffer.from(text)),
      pause: () => void wire.pause(),
      resume: () => void wire.resume(),
      terminate: () => void wire.destroy(),
    };
    /** @returns length of the answer's head, 0 while it is not whole. */
    const upgrade = (bytes: Buffer): number => {
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) return 0;
      upgraded = true;
      const head = bytes.toString("latin1", 0, end);
      if (head.startsWith("HTTP/1.1 101 ")) resolve(self);
      else reject(new Error(`the upgrade was refused: ${head.split("\r\n")[0]}`));
      return end + 4;
    };
    const onFrame = (opcode: number, payload: Buffer) => {
      if (opcode === OPCODE.text) ears.onText(payload);
      else if (opcode === OPCODE.ping) write(OPCODE.pong, Buffer.from(payload));
      else if (opcode === OPCODE.close) {
        code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        write(OPCODE.close, Buffer.from(payload.subarray(0, 2)));
        wire.end();
      }
    };
    wire.once("error", reject);
    wire.once("close", () => {
      closed = code ?? 1006;
      reject(new Error("the connection ended before its upgrade"));
      ears.onClose();
    });
    // Nobody checks the key here; every client may use the one of the specification.
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    wire.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  });
}

/** @returns how many bytes were whole frames. */
function readFrames(bytes: Buffer, onFrame: (opcode: number, payload: Buffer) => void): number {
  let at = 0;
  for (;;) {
    if (bytes.length - at < 2) return at;
    const short = bytes[at + 1]! & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < head) return at;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
    if (bytes.length - at < head + length) return at;
    onFrame(bytes[at]! & 0x0f, bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
}

/** Frames of a client are masked; a mask of zeros leaves them as they are. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size, 0, 0, 0, 0]), payload]);
}
