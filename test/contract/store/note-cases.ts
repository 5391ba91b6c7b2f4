import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryNote } from "../../../src/core/store.ts";
import type { World } from "./world.ts";

function note(w: World, text: string, more: Partial<DeliveryNote> = {}): DeliveryNote {
  const principal = { person: "system", class: "system", where: w.address(), direct: false } as const;
  return { text, principal, label: { integrity: "EXTERNAL", confidentiality: "PUBLIC" }, tokens: 3, ...more };
}

const texts = async (w: World, sessionId: string) =>
  (await w.store.readEntries({ sessionId, limit: 50 })).map(({ content }) => (content.role === "system" ? content.text : content.role));

export function noteCases(world: () => World): void {
  test("what was sent to a place is told to whoever goes on there, before the message, with its label, once", async () => {
    const w = world();
    const delivery = w.delivery(["hi"]);
    await w.store.enqueueDelivery({ delivery, note: note(w, "first"), now: w.now });
    await w.store.enqueueDelivery({ delivery, note: note(w, "the same again"), now: w.now });
    await w.store.enqueueDelivery({ delivery: w.delivery(["there"], { address: w.address("2") }), note: note(w, "elsewhere"), now: w.now });
    await w.store.enqueueDelivery({ delivery: w.delivery(["ho"]), note: note(w, "second"), now: w.now });
    const threaded = { address: { ...w.address(), thread: "7" } };
    await w.store.enqueueDelivery({ delivery: w.delivery(["aside"], threaded), note: note(w, "in a thread"), now: w.now });
    const started = await w.begin("hello");
    assert.deepEqual(await texts(w, started.session.id), ["first", "second", "user"]);
    assert.equal(started.session.lastEntry, 3);
    const [entry] = await w.store.readEntries({ sessionId: started.session.id, limit: 1 });
    assert.deepEqual(entry!.label, { integrity: "EXTERNAL", confidentiality: "PUBLIC" });
    await w.commit(started);
    await w.commit(await w.begin("again"));
    assert.deepEqual(await texts(w, started.session.id), ["first", "second", "user", "assistant", "user", "assistant"]);
  });

  test("a session that is named is told at once when nothing runs, else when its turn ends, and never between a call and its result", async () => {
    const w = world();
    const far = () => w.delivery([], { address: { channel: "web", account: "default", conversation: w.key } });
    const tell = (text: string) => w.store.enqueueDelivery({ delivery: far(), note: note(w, text, { session: w.key }), now: w.now });
    await tell("before there is a session");
    const started = await w.begin("hello");
    const { id } = started.session;
    assert.deepEqual(await texts(w, id), ["before there is a session", "user"]);
    await w.step(started, "c1");
    await tell("meanwhile");
    assert.deepEqual(await texts(w, id), ["before there is a session", "user", "assistant"]);
    await w.finish(started, "c1");
    await w.commit(started);
    await tell("afterwards");
    assert.deepEqual((await texts(w, id)).slice(2), ["assistant", "tool", "assistant", "meanwhile", "afterwards"]);
    assert.deepEqual(await w.transcript(id).then((all) => all.length), 7);
  });
}
