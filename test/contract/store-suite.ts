import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../src/core/store.ts";
import { subAgentCases, summaryCases, usageCases } from "./store/context-cases.ts";
import { deviceCases } from "./store/device-cases.ts";
import { inboxCases } from "./store/inbox-cases.ts";
import { kernelCases } from "./store/kernel-cases.ts";
import { jobCases } from "./store/job-cases.ts";
import { leaseCases } from "./store/lease-cases.ts";
import { memoryCases } from "./store/memory-cases.ts";
import { noteCases } from "./store/note-cases.ts";
import { outboxCases } from "./store/outbox-cases.ts";
import { personCases } from "./store/person-cases.ts";
import { restoredCases } from "./store/restored-cases.ts";
import { sessionCases } from "./store/session-cases.ts";
import { transcriptCases } from "./store/transcript-cases.ts";
import { turnCases } from "./store/turn-cases.ts";
import { rejectsWith, World } from "./store/world.ts";

/** One engine under test. */
export interface OpenStore {
  readonly store: Store;
  /** Closes the store and opens another one on the same data. */
  reopen(): Promise<Store>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

/** What every store must do, whatever engine it has: each sentence of core/store.ts. */
export function storeSuite(name: string, open: () => Promise<OpenStore>): void {
  describe(`the store on ${name}`, () => {
    let opened: OpenStore;
    let store: Store;
    before(async () => {
      opened = await open();
      store = opened.store;
    });
    after(async () => await opened.close());
    const world = () => new World(store);

    describe("inbox", () => inboxCases(world));
    describe("turns", () => turnCases(world));
    describe("leases", () => leaseCases(world));
    describe("jobs", () => jobCases(world));
    describe("outbox", () => outboxCases(world));
    describe("notes about what was sent from elsewhere", () => noteCases(world));
    describe("approvals, pairings and audit", () => kernelCases(world));
    describe("devices", () => deviceCases(world));
    describe("summaries", () => summaryCases(world));
    describe("usage", () => usageCases(world));
    describe("sub-agents", () => subAgentCases(world));
    describe("memories", () => memoryCases(world));
    describe("sessions and the rest", () => sessionCases(world));
    describe("people's data", () => personCases(world));
    describe("restored from a backup", () => restoredCases(world));

    describe("transcripts", () => transcriptCases(world));

    test("everything is found again after a restart, and a closed store refuses", async () => {
      const w = world();
      const started = await w.begin("before");
      const old = store;
      store = await opened.reopen();
      await rejectsWith("store_closed", old.getTurn({ id: started.turn.id }));
      await rejectsWith("store_closed", old.boot({ now: 0 }));
      const after = world();
      assert.deepEqual(await store.getTurn({ id: started.turn.id }), started.turn);
      after.now = w.now + 30_000;
      const again = await after.start(started.session.id, "later");
      assert.equal(again?.resumed, true);
      assert.equal(again?.fence.fence, 2);
      assert.deepEqual(await after.transcript(started.session.id), ["before"]);
    });
  });
}
