import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openAuditLog } from "../../src/app/audit-log.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Store } from "../../src/core/store.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

describe("app/audit-log", () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "clanker-audit-"));
    store = createMemoryStore({});
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const append = () => store.appendAudit({ event: { kind: "test", actor: "owner", data: {} }, now: 1 });

  test("signs what has come until it is stopped, and another start verifies it with the same key (sec-113)", async () => {
    const clock = createManualClock();
    const log = await openAuditLog(folder, { store, clock, log: silentLog });
    const stop = new AbortController();
    await append();
    const kept = log.keep(stop.signal);
    await append();
    stop.abort();
    await kept;
    assert.equal((JSON.parse(await readFile(join(folder, "audit-head.json"), "utf8")) as { seq: number }).seq, 2);
    assert.equal((await stat(join(folder, "audit-key.pem"))).mode & 0o777, 0o600);
    const again = await openAuditLog(folder, { store, clock, log: silentLog });
    assert.equal((await again.verify()).ok, true);
    await writeFile(join(folder, "audit-head.json"), "not json");
    assert.equal((await again.verify()).ok, false);
  });

  test("a key that cannot be read stops the start and says what to do", async () => {
    await writeFile(join(folder, "audit-key.pem"), "broken");
    await assert.rejects(openAuditLog(folder, { store, clock: createManualClock(), log: silentLog }), { code: "audit_key_unreadable" });
  });
});
