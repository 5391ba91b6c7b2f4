import type { EventHub } from "../hub/create-hub.ts";
import type { ClientSocket } from "./client-socket.ts";
import { wants } from "./subscriptions.ts";

export const SLOW_CONSUMER = 4008;

const MAX_BUFFERED = 1024 * 1024;
const MAX_PENDING = 1_000;
const REPLAY_BUFFERED = 256 * 1024;
const TEXT = { binary: false, compress: false, fin: true } as const;

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
export function keepsUp(socket: ClientSocket): boolean {
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

export function sentOf(socket: ClientSocket): () => void {
  return (socket.onSent ??= () => void (socket.pending = Math.max(0, socket.pending - 1)));
}

/**
 * Sends a socket that is behind what it has missed, in order and no faster than it reads; when nothing is left it is up to date and fed by the fan-out.
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
