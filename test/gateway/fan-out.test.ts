import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "node:test";
import type { ClientSocket } from "../../src/gateway/ws/client-socket.ts";
import { createFanOut, inSlices } from "../../src/gateway/ws/fan-out.ts";
import { createSubscriptions } from "../../src/gateway/ws/subscriptions.ts";

const COUNT = 1_000;

/** What the fan-out sees of sockets that read everything at once. */
function crowd() {
  const seen: number[][] = [];
  const sockets = new Set<ClientSocket>();
  const subscriptions = createSubscriptions();
  for (let index = 0; index < COUNT; index += 1) {
    const own: number[] = [];
    seen.push(own);
    const wire = { write: (frame: Uint8Array) => own.push((JSON.parse(Buffer.from(frame).subarray(2).toString()) as { seq: number }).seq) };
    const plain = {
      cursor: -1,
      subscription: undefined,
      readyState: 1,
      OPEN: 1,
      bufferedAmount: 0,
      pending: 0,
      lastSeq: 0,
      wire,
    };
    const socket = plain as unknown as ClientSocket;
    subscriptions.change(socket, { events: undefined, sessions: undefined });
    sockets.add(socket);
  }
  return { sockets, subscriptions, seen, written: () => seen.reduce((sum, own) => sum + own.length, 0) };
}

const record = (seq: number) => ({ seq, name: "notice", session: undefined, json: JSON.stringify({ seq }) });

test("fault-68 an event to a thousand sockets lets the event loop go on in between, and each gets every event once, in order", async () => {
  const { sockets, subscriptions, seen, written } = crowd();
  const fanOut = createFanOut(sockets, subscriptions);
  for (let seq = 1; seq <= 5; seq += 1) fanOut.add(record(seq));
  const turns = [written()];
  while (written() < COUNT * 5) {
    await nextTurn();
    turns.push(written());
  }
  assert.ok(
    turns.every((now, index) => now - (turns[index - 1] ?? 0) <= 300),
    `written per turn of the loop: ${turns.join(" ")}`,
  );
  for (const own of seen) assert.deepEqual(own, [1, 2, 3, 4, 5]);
});

test("who has read an event from the ring is not sent it again, who has left gets nothing, and a stop writes the rest at once", () => {
  const { sockets, subscriptions, seen, written } = crowd();
  const fanOut = createFanOut(sockets, subscriptions);
  const [, second, third] = [...sockets].slice(-3) as [ClientSocket, ClientSocket, ClientSocket];
  fanOut.add(record(1));
  second.lastSeq = 1;
  sockets.delete(third);
  fanOut.finish();
  assert.equal(written(), COUNT - 2);
  assert.deepEqual(seen.at(-2), []);
  fanOut.add(record(2));
  fanOut.finish();
  assert.deepEqual(seen.at(-2), [2]);
});

test("events that come faster than they can be written hold up whoever makes them, instead of piling up", () => {
  const { sockets, subscriptions, written } = crowd();
  const fanOut = createFanOut(sockets, subscriptions);
  for (let seq = 1; seq <= 2_500; seq += 1) fanOut.add(record(seq));
  assert.ok(written() >= COUNT * 1_500);
});

test("slices reach every member, and a turn of the loop is between them", async () => {
  const numbers = new Set(Array.from({ length: 1_000 }, (_, index) => index));
  const done: number[] = [];
  inSlices(numbers, (number) => done.push(number));
  assert.ok(done.length < 1_000);
  numbers.delete(999);
  while (done.length < 999) await nextTurn();
  await nextTurn();
  assert.deepEqual(done, [...numbers]);
});

test("an event that nobody has asked for wakes no socket, and each gets what it has asked for", () => {
  const { sockets, subscriptions, seen } = crowd();
  const fanOut = createFanOut(sockets, subscriptions);
  const [first, second, third] = [...sockets] as [ClientSocket, ClientSocket, ClientSocket];
  const turns = new Set(["turn.ended"]);
  for (const socket of sockets) subscriptions.change(socket, { events: turns, sessions: undefined });
  subscriptions.change(first, { events: new Set(["notice"]), sessions: new Set(["a", "b"]) });
  subscriptions.change(second, { events: new Set(["notice"]), sessions: new Set(["b", "a"]) });
  assert.equal(first.subscription, second.subscription, "the same is kept once");
  subscriptions.change(third, undefined);
  fanOut.add({ ...record(1), session: "a" });
  fanOut.add({ ...record(2), session: "c" });
  fanOut.add({ ...record(3), name: "turn.ended" });
  fanOut.finish();
  assert.deepEqual(seen.slice(0, 4), [[1], [1], [], [3]]);
  for (const socket of [first, second]) subscriptions.change(socket, undefined);
  assert.equal(subscriptions.wanted({ ...record(4), session: "a" }), false);
  assert.equal(subscriptions.wanted({ ...record(5), name: "turn.ended" }), true);
});
