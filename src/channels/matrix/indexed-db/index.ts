/**
 * The part of the Indexed Database API that matrix-sdk-crypto-wasm asks for, kept in a Keep: the library keeps its keys in IndexedDB or nowhere, and Node has none.
 * In memory it is whole; each transaction is one record of the log, on disk before its `complete` is told.
 */
import type { Keep } from "../../../core/keep.ts";
import { Database } from "./database.ts";
import { fromPlain, type Plain, toPlain } from "./encode.ts";
import { KeyRange } from "./keys.ts";
import { Cursor, Index, ObjectStore } from "./object-store.ts";
import { OpenRequest, Request } from "./requests.ts";
import { type Change, DatabaseState } from "./state.ts";
import { Transaction } from "./transaction.ts";

/** Records of the log after which it is written anew, as far as it has grown to twice of what it says. */
const COMPACT_AFTER = 2_000;
/** Changes in one record of a log that is written anew. */
const BATCH = 500;

export interface IndexedDb {
  /** Names of databases that begin with `prefix` are kept there from now on. @throws StoreError `keep_damaged` */
  mount(prefix: string, keep: Keep): Promise<Mount>;
}

export interface Mount {
  /** A small fact of our own beside the library's databases. Plain JSON. */
  fact<T>(name: string): T | undefined;
  /** Resolves when it is on disk; undefined forgets it. @throws StoreError `keep_failed` */
  setFact(name: string, value: unknown): Promise<void>;
  /** Writes the log anew, so that nothing is left in it of what was replaced or forgotten. @throws StoreError `keep_failed` */
  shrink(): Promise<void>;
  /** Forgets the databases, not the facts. Their connections must be closed. */
  wipe(): Promise<void>;
  /** Lets go of the databases; their connections must be closed. */
  unmount(): Promise<void>;
}

const FACTS = "facts";

interface Mounted {
  readonly prefix: string;
  readonly databases: Map<string, DatabaseState>;
  /** @param kept runs when it is on disk, before the log may be written anew from what the databases say */
  persist(name: string, changes: readonly Change[], kept?: () => void): Promise<void>;
  rewrite(): Promise<void>;
  /** As rewrite, while transactions run. */
  shrink(): Promise<void>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

const globals = globalThis.process === undefined ? {} : (global as unknown as Record<string, unknown>);

/** Puts the interface where the library looks for it. Called again it answers the one that is there. */
export function installIndexedDb(): IndexedDb {
  const there = globals["indexedDB"] as (IndexedDb & { readonly ours?: true }) | undefined;
  if (there?.ours === true) return there;
  const mounts: Mounted[] = [];
  const factory = {
    ours: true as const,
    async mount(prefix: string, keep: Keep): Promise<Mount> {
      if (mounts.some((one) => one.prefix === prefix)) throw new Error(`${prefix} is mounted already`);
      const mounted = await load(prefix, keep);
      mounts.push(mounted);
      return {
        ...factsOf(mounted),
        async unmount() {
          mounts.splice(mounts.indexOf(mounted), 1);
          await mounted.idle();
        },
      };
    },
    open(name: string, version?: number): OpenRequest {
      const request = new OpenRequest(null);
      const mounted = mounts.find(({ prefix }) => name.startsWith(prefix));
      setImmediate(() => open(mounted, request, { name, version }));
      return request;
    },
  };
  Object.assign(globals, {
    indexedDB: factory,
    IDBKeyRange: KeyRange,
    IDBRequest: Request,
    IDBOpenDBRequest: OpenRequest,
    IDBDatabase: Database,
    IDBTransaction: Transaction,
    IDBObjectStore: ObjectStore,
    IDBIndex: Index,
    IDBCursor: Cursor,
    IDBCursorWithValue: Cursor,
  });
  return factory;
}

function open(mounted: Mounted | undefined, request: OpenRequest, { name, version }: { name: string; version: number | undefined }): void {
  if (mounted === undefined) return request.fail(new DOMException(`nothing is kept under the name ${name}`, "UnknownError"));
  const state = mounted.databases.get(name) ?? new DatabaseState(name);
  mounted.databases.set(name, state);
  const wanted = version ?? Math.max(1, state.version);
  if (wanted < state.version) return request.fail(new DOMException(`the database has version ${state.version}`, "VersionError"));
  const db = new Database(state, (changes) => mounted.persist(name, changes));
  if (wanted === state.version) return request.succeed(db);
  const oldVersion = state.version;
  const transaction = db.upgrade(wanted);
  request.readyState = "done";
  request.result = db;
  request.transaction = transaction;
  request.onupgradeneeded?.({ target: request, oldVersion, newVersion: wanted });
  void transaction.ended.then(() => {
    request.transaction = null;
    if (state.version === wanted) request.succeed(db);
    else request.fail(transaction.error ?? new DOMException("the upgrade was aborted", "AbortError"));
  });
}

function factsOf({ prefix, databases, persist, rewrite, shrink }: Mounted): Omit<Mount, "unmount"> {
  const name = `${prefix}#${FACTS}`;
  const make = (): DatabaseState => {
    const state = new DatabaseState(name);
    state.apply(["create", FACTS]);
    databases.set(name, state);
    return state;
  };
  return {
    fact: <T>(key: string) => databases.get(name)?.stores.get(FACTS)?.get(key)?.value as T | undefined,
    async setFact(key, value) {
      const made: Change[] = databases.has(name) ? [] : [["create", FACTS]];
      const change: Change = value === undefined ? ["delete", FACTS, key] : ["put", FACTS, key, value];
      await persist(name, [...made, change], () => (databases.get(name) ?? make()).apply(change));
    },
    shrink,
    async wipe() {
      for (const one of [...databases.keys()].filter((key) => key !== name)) databases.delete(one);
      await rewrite();
    },
  };
}

async function load(prefix: string, keep: Keep): Promise<Mounted> {
  const databases = new Map<string, DatabaseState>();
  const records = await keep.read();
  for (const record of records) {
    const [name, changes] = fromPlain(JSON.parse(new TextDecoder().decode(record)) as Plain) as [string, Change[]];
    const state = databases.get(name) ?? new DatabaseState(name);
    databases.set(name, state);
    for (const change of changes) state.apply(change);
  }
  let written = records.length;
  let last: Promise<unknown> = Promise.resolve();
  const compact = async () => {
    const whole = [...databases.values()].flatMap((state) => batches(state));
    await keep.replace(whole);
    written = whole.length;
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  // What another transaction has changed and not committed must not get into the log.
  const isAlone = (name?: string) => [...databases.values()].every(({ queue }) => queue.every(({ mode, db }) => mode === "readonly" || db.name === name));
  if (written > COMPACT_AFTER) await compact();
  return {
    prefix,
    databases,
    rewrite: () => inTurn(compact),
    async shrink() {
      const tried = () =>
        inTurn(async () => {
          if (!isAlone()) return false;
          await compact();
          return true;
        });
      while (!(await tried())) await new Promise((resolve) => void setImmediate(resolve));
    },
    async idle() {
      await last;
    },
    persist(name, changes, kept) {
      // The databases of one account share the log.
      return inTurn(async () => {
        await keep.append(encode(name, changes));
        written += 1;
        kept?.();
        // What was asked for is on disk: without this the log is only longer, and the next record tries again.
        if (written > COMPACT_AFTER && isAlone(name)) await compact().catch(() => {});
      });
    },
  };
}

function batches(state: DatabaseState): Uint8Array[] {
  const changes = [...state.asChanges()];
  return Array.from({ length: Math.ceil(changes.length / BATCH) }, (_, index) => encode(state.name, changes.slice(index * BATCH, (index + 1) * BATCH)));
}

const encode = (name: string, changes: readonly Change[]) => new TextEncoder().encode(JSON.stringify(toPlain([name, changes])));
