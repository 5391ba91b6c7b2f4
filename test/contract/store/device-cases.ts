import assert from "node:assert/strict";
import { test } from "node:test";
import type { World } from "./world.ts";

export function deviceCases(world: () => World): void {
  const ask = (w: World, id: string, given: { scopes?: string[]; request?: string; expiresAt?: number; most?: number } = {}) =>
    w.store.requestDevice({
      id,
      publicKey: `key of ${id}`,
      name: `name of ${id}`,
      platform: "test",
      request: { id: given.request ?? w.id("r"), scopes: given.scopes ?? ["read"], expiresAt: given.expiresAt ?? w.now + 1_000 },
      most: given.most ?? 1_000,
      now: w.now,
    });
  const find = async (w: World, id: string) => (await w.store.listDevices({})).find((device) => device.id === id);

  test("a device asks, is approved with what the owner gives, gets a token and loses everything when it is revoked", async () => {
    const w = world();
    const id = w.id("d");
    const asked = await ask(w, id, { scopes: ["read", "admin"] });
    assert.equal(asked?.status, "pending");
    assert.deepEqual(await find(w, id), asked);
    const approved = await w.store.approveDevice({ requestId: asked!.request!.id, scopes: ["read"], now: w.now + 1 });
    assert.deepEqual(
      [approved?.status, approved?.scopes, approved?.epoch, approved?.request, approved?.tokenDigest, approved?.approvedAt],
      ["active", ["read"], 1, undefined, undefined, w.now + 1],
    );
    assert.equal((await w.store.setDeviceToken({ id, epoch: 1, known: null, tokenDigest: "aa", rotate: false }))?.tokenDigest, "aa");
    assert.equal(await w.store.setDeviceToken({ id, epoch: 1, known: null, tokenDigest: "bb", rotate: false }), undefined, "somebody else was faster");
    assert.equal(await w.store.setDeviceToken({ id, epoch: 0, tokenDigest: "bb", rotate: false }), undefined, "it has moved on");
    assert.equal((await w.store.setDeviceToken({ id, epoch: 1, tokenDigest: null, rotate: true }))?.epoch, 2);
    const revoked = await w.store.revokeDevice({ id });
    assert.deepEqual([revoked?.status, revoked?.scopes, revoked?.epoch, revoked?.tokenDigest], ["revoked", [], 3, undefined]);
    assert.equal(await w.store.setDeviceToken({ id, epoch: 3, tokenDigest: "cc", rotate: false }), undefined);
    assert.equal(await w.store.revokeDevice({ id: "nobody" }), undefined);
  });

  test("a request is answered once, and only the newest one of a device", async () => {
    const w = world();
    const id = w.id("d");
    const first = await ask(w, id);
    const second = await ask(w, id, { scopes: ["admin"] });
    const approve = (requestId: string) => w.store.approveDevice({ requestId, scopes: ["read"], now: w.now });
    assert.equal(await approve(first!.request!.id), undefined);
    const answers = await Promise.all(Array.from({ length: 10 }, () => approve(second!.request!.id)));
    assert.equal(answers.filter((answer) => answer !== undefined).length, 1);
    assert.equal(await w.store.rejectDevice({ requestId: second!.request!.id }), undefined);
  });

  test("requests past their time cannot be approved and are forgotten, paired devices stay; more than the most are refused", async () => {
    const w = world();
    const [old, paired] = [w.id("d"), w.id("d")];
    const late = await ask(w, old, { expiresAt: w.now + 10 });
    const good = await ask(w, paired);
    await w.store.approveDevice({ requestId: good!.request!.id, scopes: ["read"], now: w.now });
    await ask(w, paired, { expiresAt: w.now + 10, scopes: ["admin"] });
    w.now += 10;
    assert.equal(await w.store.approveDevice({ requestId: late!.request!.id, scopes: ["read"], now: w.now }), undefined);
    assert.equal(await ask(w, w.id("d"), { most: 0 }), undefined);
    assert.equal(await find(w, old), undefined);
    assert.deepEqual([(await find(w, paired))?.status, (await find(w, paired))?.request], ["active", undefined]);
  });

  test("a rejected device that was never paired is gone, a paired one keeps what it has", async () => {
    const w = world();
    const [stranger, paired] = [w.id("d"), w.id("d")];
    assert.deepEqual(await w.store.rejectDevice({ requestId: (await ask(w, stranger))!.request!.id }), { id: stranger });
    assert.equal(await find(w, stranger), undefined);
    await w.store.approveDevice({ requestId: (await ask(w, paired))!.request!.id, scopes: ["read"], now: w.now });
    await w.store.rejectDevice({ requestId: (await ask(w, paired))!.request!.id });
    assert.deepEqual([(await find(w, paired))?.status, (await find(w, paired))?.request], ["active", undefined]);
  });
}
