/**
 * Hands new events to all sockets. Ten thousand writes take longer than anybody else should have to wait, so they are made in slices, and between two slices the
 * event loop serves everybody else (fault-68). What must stay true: every socket gets its events in their order, each once; with few sockets all is done at once.
 */
import type { HubRecord } from "../hub/event-ring.ts";
import type { ClientSocket } from "./client-socket.ts";
import { keepsUp, sentOf } from "./event-feed.ts";
import type { SharedSubscription } from "./method-connection.ts";
import { wants, type Subscriptions } from "./subscriptions.ts";

/** Writes in a row: about 4 ms of work. */
const SLICE = 250;
/** Events that may wait for their pass. With more of them the loop is kept until they are out: then whoever makes them has to wait as well. */
const MAX_WAITING = 1_000;

export interface FanOut {
  /** The next event. Writes at once as far as one slice goes. */
  add(record: HubRecord): void;
  /** Writes everything that still waits. */
  finish(): void;
}

interface Pass {
  readonly records: readonly HubRecord[];
  /** Places of the records that a subscription wants, found out by the first socket that has it. */
  readonly wanted: Map<SharedSubscription, readonly number[]>;
  /** The frame of each record, made when the first socket wants it. */
  readonly frames: Uint8Array[];
  /** Sockets that have not had their turn; who comes or goes meanwhile is seen. */
  readonly rest: Iterator<ClientSocket>;
}

export function createFanOut(sockets: ReadonlySet<ClientSocket>, subscriptions: Pick<Subscriptions, "wanted">): FanOut {
  let waiting: HubRecord[] = [];
  let pass: Pass | undefined;
  let scheduled = false;

  /** @returns whether nothing is left. */
  const write = (limit: number): boolean => {
    for (let left = limit; left > 0;) {
      if (pass === undefined) {
        if (waiting.length === 0) return true;
        pass = { records: waiting, wanted: new Map(), frames: [], rest: sockets.values() };
        waiting = [];
      }
      const { value: socket, done } = pass.rest.next();
      if (done === true) pass = undefined;
      else {
        hand(socket, pass);
        left -= pass.records.length;
      }
    }
    return false;
  };
  const resume = () => {
    scheduled = false;
    if (write(SLICE)) return;
    scheduled = true;
    setImmediate(resume);
  };

  return {
    add(record) {
      // Who subscribes after this begins behind it, or finds it in the ring.
      if (!subscriptions.wanted(record)) return;
      waiting.push(record);
      if (waiting.length >= MAX_WAITING) write(Infinity);
      else if (!scheduled) resume();
    },
    finish: () => void write(Infinity),
  };
}

/** A socket that is behind reads the ring by itself (`catchUp`); what it has had from there already is not sent to it again. */
function hand(socket: ClientSocket, pass: Pass): void {
  if (socket.cursor !== -1 || socket.subscription === undefined) return;
  const { records, frames } = pass;
  for (const index of wantedBy(socket.subscription, pass)) {
    const record = records[index]!;
    if (record.seq <= socket.lastSeq || !keepsUp(socket)) continue;
    // One frame for all, written to the connection itself: what `ws` does for each of ten thousand (two buffers, one more system call) would be most of the work.
    const frame = (frames[index] ??= textFrame(record.json));
    if (socket.pending === 0) socket.wire!.write(frame);
    else socket.wire!.write(frame, sentOf(socket));
    socket.lastSeq = record.seq;
  }
}

function wantedBy(subscription: SharedSubscription, { records, wanted }: Pass): readonly number[] {
  const known = wanted.get(subscription);
  if (known !== undefined) return known;
  const places = records.flatMap((record, index) => (wants(subscription, record) ? [index] : []));
  wanted.set(subscription, places);
  return places;
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

/** Does something to every member of a set, a slice per turn of the event loop. Who has left the set by then is left out. */
export function inSlices<T>(set: ReadonlySet<T>, act: (member: T) => void): void {
  const rest = set.values();
  const slice = () => {
    for (let left = SLICE; left > 0; left -= 1) {
      const { value, done } = rest.next();
      if (done === true) return;
      act(value);
    }
    setImmediate(slice);
  };
  slice();
}
