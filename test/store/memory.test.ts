import { DatabaseSync } from "node:sqlite";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { storeSuite } from "../contract/store-suite.ts";

storeSuite("memory", async () => {
  const database = new DatabaseSync(":memory:");
  let store = createMemoryStore({ database });
  return {
    store,
    async reopen() {
      await store.close();
      return (store = createMemoryStore({ database }));
    },
    async close() {
      await store.close();
      database.close();
    },
  };
});
