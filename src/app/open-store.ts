import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store.ts";
import { databaseFile } from "./backups.ts";

/** The store that the config names. @throws StoreError */
export async function openStore({ storage }: Config, dataFolder: string, deps: { clock: Clock; log: Log }): Promise<Store> {
  switch (storage.backend) {
    case "sqlite": {
      const { createSqliteStore } = await import("../store/sqlite/index.ts");
      return await createSqliteStore({ path: databaseFile(storage.path, dataFolder), ...deps });
    }
    case "postgres": {
      const { createPostgresStore } = await import("../store/postgres/index.ts");
      return await createPostgresStore({ url: storage.url!.reveal(), ...deps });
    }
    case "memory": {
      const { createMemoryStore } = await import("../store/memory/index.ts");
      return await createMemoryStore({});
    }
  }
}
