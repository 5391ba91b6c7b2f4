import type { Keep } from "../../../core/keep.ts";

/** More bytes of changes that count no more than this, and more than of those that do, and the log is written anew. */
const SLACK_BYTES = 1_000_000;

/** What the account keeps, by name: keys of the session, facts that are not in the inbox yet, numbers of people. */
export interface Entries {
  /** @throws StoreError as `Keep.read` */
  all(): Promise<ReadonlyMap<string, string>>;
  /** Null takes an entry out. Resolves when all of it is on disk; a crash leaves all or nothing. @throws StoreError as `Keep.append`: nothing has changed */
  put(changes: Changes): Promise<void>;
  /** @throws StoreError as `Keep.clear` */
  clear(): Promise<void>;
}

type Changes = Readonly<Record<string, string | null>>;

/** The entries as what the changes in a Keep come to. */
export function createEntries(keep: Keep): Entries {
  let held: { entries: Map<string, string>; bytes: number } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const load = async () => {
    if (held !== undefined) return held;
    const records = await keep.read();
    const entries = new Map<string, string>();
    for (const record of records) apply(entries, JSON.parse(new TextDecoder().decode(record)) as Changes);
    return (held = { entries, bytes: records.reduce((sum, { length }) => sum + length, 0) });
  };
  return {
    all: () => inTurn(async () => new Map((await load()).entries)),
    put: (changes) =>
      inTurn(async () => {
        const { entries, bytes } = await load();
        const after = new Map(entries);
        apply(after, changes);
        const record = encode(changes);
        if (bytes + record.length > SLACK_BYTES + 2 * sizeOf(after)) {
          const whole = encode(Object.fromEntries(after));
          await keep.replace([whole]);
          held = { entries: after, bytes: whole.length };
        } else {
          await keep.append(record);
          held = { entries: after, bytes: bytes + record.length };
        }
      }),
    clear: () =>
      inTurn(async () => {
        held = undefined;
        await keep.clear();
      }),
  };
}

function apply(entries: Map<string, string>, changes: Changes): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) entries.delete(name);
    else entries.set(name, value);
  }
}

function sizeOf(entries: ReadonlyMap<string, string>): number {
  let size = 0;
  for (const [name, value] of entries) size += name.length + value.length;
  return size;
}

const encode = (changes: Changes) => new TextEncoder().encode(JSON.stringify(changes));
