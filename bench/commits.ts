/**
 * What the two commits of a turn cost by themselves: `node bench/commits.ts [--folder DIR] [--turns 3000] [--at-once 1] [--thread | --postgres]`.
 * Without `--thread` the writer runs here, so that only statements and disk are seen; with it the whole store. `--folder /dev/shm` leaves out the disk.
 * `--postgres` starts a server of its own, on the temporary folder. `--at-once` turns of different sessions are under way together (with a whole store).
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock as clock, systemRandom as random } from "../src/app/system.ts";
import { textMessage } from "../src/core/message.ts";
import { labelOf, type Principal } from "../src/core/principal.ts";
import { newId } from "../src/core/random.ts";
import type { AcceptOutput, Operations, StartedTurn, Store } from "../src/core/store.ts";
import { createPostgresStore } from "../src/store/postgres/index.ts";
import { createSqliteStore } from "../src/store/sqlite/index.ts";
import { openDatabase } from "../src/store/sqlite/open-database.ts";
import { createWriter } from "../src/store/sqlite/writer.ts";
import type { WorkItem } from "../src/store/sqlite/writer-protocol.ts";
import { startPostgres } from "../scripts/postgres.ts";
import { percentile } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: tmpdir() },
    turns: { type: "string", default: "3000" },
    thread: { type: "boolean", default: false },
    postgres: { type: "boolean", default: false },
    "at-once": { type: "string", default: "1" },
  },
});
const TURNS = Number(values.turns);
const SESSIONS = 10;
const WHOLE = values.thread || values.postgres;
/** Turns at the end whose pages are counted; the log is emptied before each. */
const COUNTED = WHOLE ? 0 : 200;
/** A frame of the log: a page and its header, https://www.sqlite.org/fileformat2.html#walformat */
const FRAME = 4096 + 24;
const LEASE_MS = 30_000;
const MESSAGE = textMessage("Please put the kettle on, I will be home soon");
const WHERE = { channel: "web", account: "bench", conversation: "bench" };
const OWNER: Principal = { person: "owner", class: "owner", where: WHERE, direct: true };
const BY_OWNER = { principal: OWNER, label: labelOf(OWNER) };

function acceptInput(turn: number): Operations["acceptUpdates"]["input"] {
  const [now, key, session] = [clock.now(), newId(clock, random), `agent:main:${turn % SESSIONS}`];
  const said = { key, messageId: key, address: WHERE, message: MESSAGE, addressed: true, sender: { id: "owner" }, direct: true, at: now };
  const entry = {
    content: { role: "user" as const, message: MESSAGE, envelope: { channel: "web", direct: true, at: now }, addressed: true },
    tokens: 14,
    at: now,
  };
  const item = {
    kind: "turn" as const,
    channel: "web",
    account: "bench",
    key,
    messageId: newId(clock, random),
    turnId: newId(clock, random),
    session: { id: newId(clock, random), key: session, agent: "main" },
    update: { ...said, type: "message" as const },
    entry: { ...entry, ...BY_OWNER },
    queueMode: "queue" as const,
    notBefore: now,
    claim: true,
    address: WHERE,
    options: { session },
    ...BY_OWNER,
  };
  return { items: [item], now, owner: "bench.1", leaseMs: LEASE_MS };
}

function commitInput({ fence, turn }: StartedTurn): Operations["commitTurn"]["input"] {
  const now = clock.now();
  const text = "The kettle is on and tea will be ready soon, sit down.";
  const content = { role: "assistant" as const, parts: [{ type: "text" as const, text }], model: "bench:instant", stop: "end" as const };
  const usage = { input: 20, output: 12, cacheRead: 0, cacheWrite: 0 };
  const entries = [{ content, ...BY_OWNER, tokens: 14, turnId: turn.id, at: now }];
  return { fence, turnId: turn.id, outcome: "done", entries, deliveries: [], usage, movedTurnId: newId(clock, random), next: true, now, leaseMs: LEASE_MS };
}

const startedOf = ([output]: AcceptOutput[]): StartedTurn => {
  if (output?.kind !== "accepted" || output.started === undefined) throw new Error("the turn was not started");
  return output.started;
};

type Act = (name: WorkItem["name"], input: unknown) => Promise<unknown>;

const folder = mkdtempSync(join(values.folder, "clanker-commits-"));
const path = join(folder, "clanker.db");
const pages = { accept: 0, commit: 0 };
const { act, empty, close } = values.postgres ? await openPostgres() : values.thread ? await openThread() : openHere();
const taken = { accept: [] as number[], commit: [] as number[] };
const [spent, from] = [process.cpuUsage(), performance.now()];
let next = 0;
await Promise.all(
  Array.from({ length: WHOLE ? Number(values["at-once"]) : 1 }, async () => {
    for (let turn = next++; turn < TURNS; turn = next++) await runTurn(turn);
  }),
);
const { user, system } = process.cpuUsage(spent);
const seconds = (performance.now() - from) / 1000;
await close();
rmSync(folder, { recursive: true });
for (const name of ["accept", "commit"] as const)
  console.log(
    `${name}: p50 ${percentile(taken[name], 0.5).toFixed(3)} ms, p99 ${percentile(taken[name], 0.99).toFixed(3)} ms${WHOLE ? "" : `, ${(pages[name] / COUNTED).toFixed(1)} pages`}`,
  );
console.log(`${(TURNS / seconds).toFixed(0)} turns a second; processor time of both: ${((user + system) / TURNS).toFixed(0)} µs a turn`);

async function runTurn(turn: number): Promise<void> {
  const counts = turn >= TURNS - COUNTED;
  const timed = async (name: "accept" | "commit", work: () => Promise<unknown>) => {
    if (counts) empty();
    const begun = performance.now();
    const output = await work();
    if (!counts) taken[name].push(performance.now() - begun);
    // One that was emptied keeps its header.
    else pages[name] += Math.floor((statSync(`${path}-wal`).size - 32) / FRAME);
    return output;
  };
  const started = startedOf((await timed("accept", () => act("acceptUpdates", acceptInput(turn)))) as AcceptOutput[]);
  await timed("commit", () => act("commitTurn", commitInput(started)));
}

interface Opened {
  readonly act: Act;
  empty(): void;
  close(): Promise<void>;
}

function openHere(): Opened {
  const { database } = openDatabase(path, clock.now());
  const write = createWriter(database);
  const act: Act = async (name, input) => {
    const [answer] = write([{ id: 1, name, input }]);
    if (answer === undefined || "error" in answer) throw new Error(JSON.stringify(answer));
    return answer.output;
  };
  return { act, empty: () => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"), close: async () => database.close() };
}

async function openThread(): Promise<Opened> {
  const store = await createSqliteStore({ path, clock });
  return { act: actOn(store), empty: () => {}, close: () => store.close() };
}

async function openPostgres(): Promise<Opened> {
  const server = await startPostgres();
  const store = await createPostgresStore({ url: await server.database("commits"), clock });
  return {
    act: actOn(store),
    empty: () => {},
    async close() {
      await store.close();
      await server.stop();
    },
  };
}

function actOn(store: Store): Act {
  return async (name, input) => await (store[name] as (input: unknown) => Promise<unknown>)(input);
}
