import { randomBytes } from "node:crypto";
import { constants, mkdir, open, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { ClankerError, StoreError } from "../../../core/errors.ts";
import type { Keep } from "../../../core/keep.ts";
import type { Secrets } from "../../../core/secret.ts";
import { writeFileAtomic } from "../../../lib/atomic-file/index.ts";
import { NO_TAG, openRecords, sealRecord, tagOf } from "./keep-records.ts";

export interface OpenKeepOptions {
  readonly folder: string;
  /** Of letters, digits, dots, - and _: `channel.account`. Names the file and, behind `keep.`, its key among the secrets: no name that a person may give has a dot. */
  readonly name: string;
  readonly secrets: Secrets;
}

/** What is known of the file, once it was read. */
interface Known {
  /** Undefined while the file holds nothing: the first record gets a key of its own. */
  key: Buffer | undefined;
  /** Bytes of whole records. */
  size: number;
  tag: Buffer;
  /** Half a record may stand behind `size`. */
  torn: boolean;
}

/** A Keep as one file. Nothing is read or made before the first use. Nobody else may write it meanwhile: the caller holds the home's lock. */
export function openKeep({ folder, name, secrets }: OpenKeepOptions): Keep {
  const path = join(folder, `${name}.keep`);
  const keyName = `keep.${name}`;
  let known: Known | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(() => failing(work));
    last = done.catch(() => {});
    return done;
  };

  const load = async (): Promise<Uint8Array[]> => {
    const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    const bytes = known?.torn === true ? file.subarray(0, known.size) : file;
    const key = Buffer.from((file.length === 0 ? undefined : await secrets.get(keyName))?.reveal() ?? "", "base64url");
    const opened = openRecords(bytes, key);
    if (opened === undefined) throw damaged(path, name);
    const { records, size } = opened;
    if (size < file.length) await truncate(path, size);
    known = { key: size === 0 ? undefined : key, size, tag: tagOf(bytes.subarray(0, size)), torn: false };
    return records;
  };
  const loaded = async (): Promise<Known> => {
    if (known === undefined) await load();
    return known!;
  };
  const writeAnew = async (state: Known, records: readonly Uint8Array[]) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    state.key ??= await makeKey(secrets, keyName);
    const { key } = state;
    let tag = NO_TAG;
    const sealed = records.map((record) => {
      const one = sealRecord(record, key, tag);
      tag = tagOf(one);
      return one;
    });
    const whole = Buffer.concat(sealed);
    known = undefined;
    await writeFileAtomic(path, whole);
    known = { key: whole.length === 0 ? undefined : key, size: whole.length, tag, torn: false };
  };

  return {
    read: () => inTurn(load),
    append: (record) =>
      inTurn(async () => {
        const state = await loaded();
        if (state.key === undefined) return writeAnew(state, [record]);
        const sealed = sealRecord(record, state.key, state.tag);
        await appendTo(path, state, sealed);
        state.size += sealed.length;
        state.tag = tagOf(sealed);
      }),
    replace: (records) => inTurn(async () => writeAnew(await loaded(), records)),
    clear: () =>
      inTurn(async () => {
        known = undefined;
        // An empty file first: one with records and without a key would count as damaged after a crash.
        await writeFileAtomic(path, "").catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOENT") throw error;
        });
        await secrets.remove(keyName);
        await rm(path, { force: true });
      }),
  };
}

/** Behind the whole records, and nothing else: the file must be there. */
async function appendTo(path: string, state: Known, sealed: Buffer): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND);
  const cutOff = async () => {
    await file.truncate(state.size);
    await file.datasync();
    state.torn = false;
  };
  try {
    if (state.torn) await cutOff();
    state.torn = true;
    await file.appendFile(sealed);
    await file.datasync();
    state.torn = false;
  } catch (error) {
    // What was not taken must not be there after a restart. When even that fails, the next use begins with it.
    await cutOff().catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

async function makeKey(secrets: Secrets, name: string): Promise<Buffer> {
  const key = randomBytes(32);
  await secrets.set(name, key.toString("base64url"));
  return key;
}

function damaged(path: string, name: string): StoreError {
  return new StoreError("keep_damaged", `what ${name} keeps in ${path} cannot be opened: it is damaged, or its key is not the one among the secrets`, {
    hint: "Connect the account anew: its guide in docs/channels says how",
  });
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof ClankerError ? error.hint : undefined;
    throw new StoreError("keep_failed", `not kept: ${message}`, {
      hint: hint ?? "Look whether the disk is full and the home folder can be read and written",
      cause: error,
    });
  }
}
