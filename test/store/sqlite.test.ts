import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { storeSuite } from "../contract/store-suite.ts";

storeSuite("sqlite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clanker-store-"));
  const path = join(folder, "clanker.db");
  const clock = { now: () => 1_800_000_000_000 };
  let store = await createSqliteStore({ path, clock });
  return {
    store,
    async reopen() {
      await store.close();
      return (store = await createSqliteStore({ path, clock }));
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
