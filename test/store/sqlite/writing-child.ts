/** Writes until it is killed, saying on stdout what was acknowledged. Its argument is the database file. */
import { writeSync } from "node:fs";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { World } from "../../contract/store/world.ts";

const store = await createSqliteStore({ path: process.argv[2]!, clock: { now: () => 1 } });
const { boot } = await store.boot({ now: 1 });

async function talk(lane: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const w = new World(store);
    const item = {
      ...w.item(`${boot}/${lane}/${number}`),
      key: `${boot}/${lane}/${number}`,
      messageId: `m/${boot}/${lane}/${number}`,
      turnId: `t/${boot}/${lane}/${number}`,
    };
    await store.acceptUpdates({
      items: [{ ...item, session: { id: `s/${boot}/${lane}`, key: `k/${lane}/${boot}`, agent: "main" } }],
      now: 1,
      owner: "me",
      leaseMs: 1,
    });
    say(`${item.messageId}\n`);
  }
}

/** A whole line, also where the pipe is full for the moment: what it says must be what was acknowledged, so it cannot wait in a buffer of this process. */
function say(line: string): void {
  for (;;) {
    try {
      return void writeSync(1, line);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => talk(lane)));
