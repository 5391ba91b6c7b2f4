import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "pg";
import type { Clock } from "../../src/core/clock.ts";
import { createPostgresStore } from "../../src/store/postgres/index.ts";
import { postgresBinaries, startPostgres, type TestPostgres } from "../../scripts/postgres.ts";
import { rejectsWith, World } from "../contract/store/world.ts";
import { storeSuite } from "../contract/store-suite.ts";

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const skip = postgresBinaries() === undefined ? "no PostgreSQL server on this machine" : false;

describe("PostgreSQL", { skip }, () => {
  let server: TestPostgres;
  before(async () => void (server = await startPostgres()));
  after(async () => await server.stop());

  const query = async (url: string, sql: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(sql);
    await client.end();
    return rows;
  };

  storeSuite("postgres", async () => {
    const url = await server.database("suite");
    let store = await createPostgresStore({ url, clock });
    return {
      store,
      async reopen() {
        await store.close();
        return (store = await createPostgresStore({ url, clock }));
      },
      close: () => store.close(),
    };
  });

  test("fault-65 a killed backend in the middle of writes loses nothing and doubles nothing", async () => {
    const url = await server.database("killed");
    const store = await createPostgresStore({ url, clock, poolSize: 4 });
    try {
      const w = new World(store);
      const work = Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          const started = await new World(store).begin(`m${index}`);
          await w.commit(started, { entries: [w.answer(`a${index}`)] });
          return started.session.id;
        }),
      );
      for (let round = 0; round < 4; round += 1) {
        await query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'open-clanker' AND datname = current_database()");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      for (const [index, id] of (await work).entries()) assert.deepEqual(await w.transcript(id), [`m${index}`, `a${index}`]);
    } finally {
      await store.close();
    }
  });

  test("fault-15 a hundred conversations at once through two gateways on one database: none fails and none loses anything", async () => {
    const url = await server.database("crowded");
    const stores = await Promise.all([1, 2].map(() => createPostgresStore({ url, clock })));
    try {
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const w = new World(stores[index % 2]!);
          const started = await w.begin(`m${index}`);
          await w.commit(started, { entries: [w.answer(`a${index}`)] });
          assert.deepEqual(await w.transcript(started.session.id), [`m${index}`, `a${index}`]);
        }),
      );
    } finally {
      for (const store of stores) await store.close();
    }
  });

  test("what must be kept is committed as the owner of the server has said", async () => {
    const url = await server.database("replicated");
    await query(url, "ALTER DATABASE replicated SET synchronous_commit = remote_apply");
    const store = await createPostgresStore({ url, clock });
    try {
      await query(
        url,
        `CREATE TABLE seen (how TEXT); CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
         CREATE TRIGGER look BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION look()`,
      );
      await store.setSetting({ name: "one", value: "kept" });
      assert.deepEqual(await query(url, "SELECT how FROM seen"), [{ how: "remote_apply" }]);
    } finally {
      await store.close();
    }
  });

  test("of operations that are written together, one that fails takes back only itself", async () => {
    const store = await createPostgresStore({ url: await server.database("together"), clock });
    try {
      const w = new World(store);
      const started = await Promise.all(["one", "two", "three"].map((text) => new World(store).begin(text)));
      const [first, second, third] = started;
      const stale = { ...second!, fence: { ...second!.fence, fence: second!.fence.fence + 1 } };
      const results = await Promise.allSettled([w.commit(first!), w.commit(stale), w.commit(third!)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      assert.deepEqual(await Promise.all(started.map(({ session }) => w.transcript(session.id))), [["one", "yes"], ["two"], ["three", "yes"]]);
      await w.commit(second!);
    } finally {
      await store.close();
    }
  });

  test("fault-65 a server that restarts is found again, and one that is away is said to be", async () => {
    const url = await server.database("restarted");
    const store = await createPostgresStore({ url, clock });
    try {
      const w = new World(store);
      const started = await w.begin("one");
      await server.restart();
      await w.commit(started);
      assert.deepEqual(await w.transcript(started.session.id), ["one", "yes"]);
    } finally {
      await store.close();
    }
    await rejectsWith("store_unavailable", createPostgresStore({ url: "postgres://clanker@127.0.0.1:1/none", clock }));
    await rejectsWith("store_refused", createPostgresStore({ url: url.replace(/restarted$/, "missing"), clock }));
  });

  test("gateways that start together migrate once; a newer schema is refused", async () => {
    const url = await server.database("migrated");
    const stores = await Promise.all([1, 2, 3].map(() => createPostgresStore({ url, clock })));
    await Promise.all(stores.map((store) => store.close()));
    await query(url, "INSERT INTO schema_migrations VALUES (999, 'future', 0)");
    await rejectsWith("schema_newer", createPostgresStore({ url, clock }));
  });
});
