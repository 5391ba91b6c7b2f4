import assert from "node:assert/strict";
import { test } from "node:test";
import type { World } from "./world.ts";

export function restoredCases(world: () => World): void {
  test("fault-59 after a restore nothing that was under way is done again: turns end, their calls have a result, sends are in doubt", async () => {
    const w = world();
    const running = await w.begin("in the middle");
    await w.step(running, "c1", "c2");
    await w.store.startCall({ fence: running.fence, callId: "c1", now: w.now });
    const waiting = await w.say("in the lane");
    const delivery = w.delivery(["half", "sent"]);
    await w.store.enqueueDelivery({ delivery, now: w.now });
    const fence = await w.holder();
    await w.store.markSending({ fence, deliveryId: delivery.id, part: 0, now: w.now });

    const settled = await w.store.settleRestored({ text: "not known", now: w.now });
    assert.ok(settled.turns >= 2 && settled.deliveries >= 1, JSON.stringify(settled));
    assert.equal((await w.store.getTurn({ id: running.turn.id }))?.status, "cancelled");
    assert.equal((await w.store.getTurn({ id: waiting.turnId }))?.status, "cancelled");
    assert.deepEqual(await w.transcript(running.session.id), ["in the middle", "calls", "result", "result", "in the lane"]);
    const stored = await w.store.getDelivery({ id: delivery.id });
    assert.deepEqual([stored?.status, ...(stored?.parts ?? []).map((part) => part.status)], ["unknown", "unknown", "unknown"]);
    assert.deepEqual(await w.due(), []);
    assert.deepEqual(await w.store.settleRestored({ text: "not known", now: w.now }), { turns: 0, deliveries: 0 }, "may be run again");
    w.now += 60_000;
    const next = await w.begin("a new beginning", { claim: true });
    assert.equal(next.session.id, running.session.id);
  });
}
