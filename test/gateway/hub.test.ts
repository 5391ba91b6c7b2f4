import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/core/event.ts";
import { silentLog } from "../../src/core/log.ts";
import { noUsage } from "../../src/core/model.ts";
import { createHub } from "../../src/gateway/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const session = "agent:main:main";
const delta = (offset: number, text: string, turn_id = "t"): Event => ({ event: "turn.delta", session, payload: { turn_id, offset, text } });
const started: Event = { event: "turn.started", session, payload: { turn_id: "t" } };
const ended: Event = { event: "turn.ended", session, payload: { turn_id: "t", outcome: "done", text: "", usage: noUsage } };

function openHub(boot = 3) {
  const clock = createManualClock();
  const hub = createHub({ clock, boot, log: silentLog });
  const seen: { seq: number; name: string; params: { payload: { offset: number; text: string } } }[] = [];
  hub.listen(({ seq, name, json }) => seen.push({ seq, name, params: (JSON.parse(json) as { params: never }).params }));
  const texts = () => seen.filter(({ name }) => name === "turn.delta").map(({ params }) => [params.payload.offset, params.payload.text]);
  return { clock, hub, seen, texts };
}

test("numbers events above boot x 2^36, without gaps", () => {
  const { hub, seen } = openHub();
  hub.publish(started);
  hub.publish(ended);
  assert.deepEqual(
    seen.map(({ seq }) => seq),
    [3 * 2 ** 36 + 1, 3 * 2 ** 36 + 2],
  );
  assert.equal(hub.seq, 3 * 2 ** 36 + 2);
});

test("merges the deltas of a turn to one event per 25 ms", async () => {
  const { clock, hub, texts } = openHub();
  hub.publish(started);
  hub.publish(delta(0, "a"));
  hub.publish(delta(1, "b"));
  hub.publish(delta(2, "c"));
  assert.deepEqual(texts(), [[0, "a"]]);
  await clock.advance(25);
  assert.deepEqual(texts(), [
    [0, "a"],
    [1, "bc"],
  ]);
  hub.publish(delta(3, "d"));
  assert.equal(texts().length, 2);
  await clock.advance(25);
  assert.deepEqual(texts().at(-1), [3, "d"]);
  await clock.advance(25);
  assert.equal(clock.pending(), 0);
});

test("sends waiting deltas before any other event of the turn", () => {
  const { hub, seen } = openHub();
  hub.publish(started);
  hub.publish(delta(0, "a"));
  hub.publish(delta(1, "b"));
  hub.publish(ended);
  assert.deepEqual(
    seen.map(({ name }) => name),
    ["turn.started", "turn.delta", "turn.delta", "turn.ended"],
  );
});

test("follows a text that began anew from an earlier offset", async () => {
  const { clock, hub } = openHub();
  hub.publish(started);
  hub.publish(delta(0, "hello"));
  hub.publish(delta(5, " wor"));
  hub.publish(delta(5, " there"));
  await clock.advance(25);
  assert.equal(hub.textOf("t"), "hello there");
  hub.publish(delta(0, "again"));
  await clock.advance(25);
  assert.equal(hub.textOf("t"), "again");
});

test("shows the running turns with their text and tools until they end", async () => {
  const { clock, hub } = openHub();
  hub.publish(started);
  hub.publish(delta(0, "hi"));
  hub.publish({ event: "turn.tool", session, payload: { turn_id: "t", call_id: "c", name: "clock", state: "started" } });
  hub.publish({ event: "turn.tool", session, payload: { turn_id: "t", call_id: "c", name: "clock", state: "finished" } });
  await clock.advance(25);
  assert.deepEqual(hub.turns(), [{ turn_id: "t", session, text: "hi", tools: [{ call_id: "c", name: "clock", state: "finished" }] }]);
  hub.publish(ended);
  assert.deepEqual(hub.turns(), []);
});

test("a turn that is queued again is no running one, and goes on from its text when it starts again", async () => {
  const { clock, hub } = openHub();
  hub.publish(started);
  hub.publish(delta(0, "hi"));
  await clock.advance(25);
  hub.publish({ event: "turn.queued", session, payload: { turn_id: "t", not_before: 1, reason: "model_away" } });
  assert.deepEqual(hub.turns(), []);
  hub.publish(started);
  assert.deepEqual(hub.turns(), [{ turn_id: "t", session, text: "hi", tools: [] }]);
});

test("keeps the newest 10,000 events and knows which numbers they cover", () => {
  const { hub } = openHub(1);
  const first = hub.seq;
  for (let i = 0; i < 12_500; i++) hub.publish({ event: "notice", payload: { code: "x", text: String(i) } });
  assert.equal(hub.covers(hub.seq), true);
  assert.equal(hub.covers(hub.seq - 10_000), true);
  assert.equal(hub.covers(hub.seq - 10_001), false);
  assert.equal(hub.covers(hub.seq + 1), false);
  assert.equal(hub.covers(first), false);
  assert.equal(hub.after(hub.seq - 3)?.seq, hub.seq - 2);
  assert.equal(hub.after(hub.seq), undefined);
});

test("keeps at most 8 MiB of events", () => {
  const { hub } = openHub(1);
  const text = "x".repeat(1024 * 1024);
  for (let i = 0; i < 20; i++) hub.publish({ event: "notice", payload: { code: "x", text } });
  assert.equal(hub.covers(hub.seq - 7), true);
  assert.equal(hub.covers(hub.seq - 8), false);
});

test("never throws, whatever a listener or an event does", () => {
  const { hub, seen } = openHub();
  hub.listen(() => {
    throw new Error("listener");
  });
  const endless: Record<string, unknown> = {};
  endless["self"] = endless;
  hub.publish({ event: "notice", payload: endless as never });
  hub.publish(started);
  assert.equal(seen.at(-1)!.name, "turn.started");
  assert.equal(seen.length, 1);
});

test("tells the listeners of a turn about it alone, and of messages that leave it", () => {
  const { hub } = openHub();
  const names: string[] = [];
  const unlisten = hub.listenTurn("t", ({ event }) => names.push(event));
  hub.publish(started);
  hub.publish({ event: "turn.started", session, payload: { turn_id: "other" } });
  hub.publish({ event: "turn.moved", session, payload: { message_id: "m", from: "t", turn_id: "other" } });
  unlisten();
  hub.publish(ended);
  assert.deepEqual(names, ["turn.started", "turn.moved"]);
});
