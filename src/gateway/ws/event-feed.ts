import type { EventHub } from "../hub/create-hub.ts";
import type { HubRecord } from "../hub/event-ring.ts";
import type { ClientSocket } from "./client-socket.ts";
import type { Subscription } from "./method-connection.ts";

export const SLOW_CONSUMER = 4008;

const MAX_BUFFERED = 1024 * 1024;
const MAX_PENDING = 1_000;
const REPLAY_BUFFERED = 256 * 1024;
const TEXT = { binary: false, compress: false, fin: true } as const;

function wants({ events, sessions }: Subscription, record: HubRecord): boolean {
  return (events === undefined || events.has(record.name)) && (sessions === undefined || record.session === undefined || sessions.has(record.session));
}

/**
 * Sends one frame. Whoever does not read is closed at 1 MiB or 1,000 frames with the number of the last event it was sent, and resumes from there (fault-70).
 * @returns false when the socket is not open any more.
 */
export function sendFrame(socket: ClientSocket, frame: string): boolean {
  if (!keepsUp(socket)) return false;
  if (socket.pending === 0) socket.send(frame, TEXT);
  else socket.send(frame, TEXT, sentOf(socket));
  return true;
}

/** Counts the frame about to be written; 0 are counted while everything written is gone. */
function keepsUp(socket: ClientSocket): boolean {
  if (socket.readyState !== socket.OPEN) return false;
  const buffered = socket.bufferedAmount;
  if (buffered === 0) {
    socket.pending = 0;
    return true;
  }
  if (buffered <= MAX_BUFFERED && socket.pending < MAX_PENDING) {
    socket.pending++;
    return true;
  }
  socket.close(SLOW_CONSUMER, `too slow; last seq ${socket.lastSeq}`);
  return false;
}

function sentOf(socket: ClientSocket): () => void {
  return (socket.onSent ??= () => void (socket.pending = Math.max(0, socket.pending - 1)));
}

/** A whole text frame of a server (RFC 6455 section 5.2). */
function textFrame(text: string): Uint8Array {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? Buffer.from([0x81, length]) : length < 65_536 ? Buffer.from([0x81, 126, length >> 8, length & 255]) : Buffer.alloc(10);
  if (head.length === 10) {
    head[0] = 0x81;
    head[1] = 127;
    head.writeUIntBE(length, 4, 6);
  }
  return Buffer.concat([head, payload]);
}

/**
 * Hands a new event to every socket that is up to date. Its frame is made once for all and written to the connection itself: what `ws` does for each
 * of ten thousand frames (two buffers, one more system call) would be most of the work.
 */
export function fanOut(sockets: Iterable<ClientSocket>, record: HubRecord): void {
  let frame: Uint8Array | undefined;
  for (const socket of sockets) {
    if (socket.cursor !== -1 || socket.subscription === undefined || !wants(socket.subscription, record)) continue;
    if (!keepsUp(socket)) continue;
    frame ??= textFrame(record.json);
    if (socket.pending === 0) socket.wire!.write(frame);
    else socket.wire!.write(frame, sentOf(socket));
    socket.lastSeq = record.seq;
  }
}

/**
 * Sends a socket that is behind what it has missed, in order and no faster than it reads; when nothing is left it is up to date and fed by `fanOut`.
 * New events meanwhile are not sent twice nor early: they are found in the ring.
 */
export function catchUp(socket: ClientSocket, hub: EventHub): void {
  while (socket.cursor !== -1 && socket.readyState === socket.OPEN) {
    const { subscription } = socket;
    if (subscription === undefined) return void (socket.cursor = -1);
    if (!hub.covers(socket.cursor)) return socket.close(SLOW_CONSUMER, `too slow; last seq ${socket.lastSeq}`);
    const record = hub.after(socket.cursor);
    if (record === undefined) return void (socket.cursor = -1);
    socket.cursor = record.seq;
    if (!wants(subscription, record)) continue;
    socket.lastSeq = record.seq;
    if (socket.bufferedAmount > REPLAY_BUFFERED) return socket.send(record.json, TEXT, (error) => void (error ?? catchUp(socket, hub)));
    socket.send(record.json, TEXT);
  }
}
