import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import { textMessage } from "../../src/core/message.ts";
import type { Store } from "../../src/core/store.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** About 1,000 tokens: ten messages fill most of a window of 16,000. */
const FILLER = "and so the story of this long afternoon went on and on. ".repeat(72);
const AGENT = { maxContextTokens: 16_000, maxTokens: 1_000 };
const OWNER: Principal = { person: "owner", class: "owner", where: { channel: "loop", account: "default", conversation: "1" }, direct: true };

/** Counts what the operations of a store answer with. */
function counting(store: Store): { store: Store; take: () => number } {
  let rows = 0;
  const wrapped = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      async (input: never) => {
        const answer: unknown = await (method as (input: never) => Promise<unknown>)(input);
        rows += Array.isArray(answer) ? answer.length : 1;
        return answer;
      },
    ]),
  ) as unknown as Store;
  return { store: wrapped, take: () => [rows, (rows = 0)][0]! };
}

/** A session with so many messages behind it, summarised up to the last eight, as a long life of it would leave it. */
function seed(database: DatabaseSync, messages: number): void {
  const at = Date.UTC(2026, 0, 1);
  const principal = JSON.stringify(OWNER);
  const label = JSON.stringify(labelOf(OWNER));
  const start = messages - 7;
  database
    .prepare(
      "INSERT INTO sessions (id, key, agent, settings, last_entry, context_start, trimmed_to, created_at, updated_at) VALUES ('s', 'agent:main:main', 'main', '{}', ?, ?, 0, ?, ?)",
    )
    .run(messages, start, at, at);
  if (start > 1)
    database
      .prepare("INSERT INTO summaries (session_id, to_entry, from_entry, text, rules, label, tokens, model, at) VALUES ('s', ?, 1, ?, '[]', ?, 600, 'm', ?)")
      .run(start - 1, "Facts: many. ".repeat(170), label, at);
  const insert = database.prepare(
    "INSERT INTO entries (session_id, number, content, principal, label, tokens, turn_id, message_id, at) VALUES ('s', ?, ?, ?, ?, 1040, ?, NULL, ?)",
  );
  database.exec("BEGIN");
  for (let number = 1; number <= messages; number += 1) {
    const person = { role: "user", message: textMessage(`message ${number}. ${FILLER}`), envelope: { channel: "loop", direct: true, at }, addressed: true };
    const assistant = { role: "assistant", parts: [{ type: "text", text: `noted. ${FILLER}` }], model: "scripted:test", stop: "end" };
    insert.run(number, JSON.stringify(number % 2 === 1 ? person : assistant), principal, label, `t${Math.ceil(number / 2)}`, at);
  }
  database.exec("COMMIT");
}

async function costOf(messages: number, turns: number): Promise<{ rows: number; bytes: number; first: number }> {
  const database = new DatabaseSync(":memory:");
  const bare = createMemoryStore({ database });
  seed(database, messages);
  const { store, take } = counting(bare);
  const clock = createManualClock();
  const provider = createScripted(({ system }) => reply(system.startsWith("You keep the minutes") ? "Facts: many. ".repeat(170) : `noted. ${FILLER}`), {
    clock,
  });
  // A fresh process: nothing of the session is in memory.
  const house = await openHouse({ store, provider, clock, agent: AGENT });
  let first = 0;
  take();
  for (let turn = 0; turn < turns; turn += 1) {
    await house.say(`${FILLER}`);
    if (turn === 0) first = take();
  }
  const rows = first + take();
  const bytes = provider.requests.reduce((sum, { request }) => sum + JSON.stringify(request.entries).length, 0);
  await house.stop();
  await store.close();
  return { rows: rows / turns, bytes: bytes / turns, first };
}

describe("a long conversation", () => {
  test("a turn of it reads no more rows and sends no more bytes at 10,000 messages than at 10, within 1.5x", async () => {
    const short = await costOf(10, 12);
    const long = await costOf(10_000, 12);
    assert.ok(long.rows <= short.rows * 1.5, `${long.rows} rows against ${short.rows}`);
    assert.ok(long.bytes <= short.bytes * 1.5, `${long.bytes} bytes against ${short.bytes}`);
    // The first turn after a restart too.
    assert.ok(long.first <= short.first * 1.5, `${long.first} rows against ${short.first}`);
    assert.ok(short.bytes > 20_000);
  });
});
