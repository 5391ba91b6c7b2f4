import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../core/errors.ts";
import type { Keep } from "../core/keep.ts";
import type { Secrets } from "../core/secret.ts";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";

/** Name of the secret whose 32 bytes seal every keep of the home. Without it none can be read. */
const KEY_NAME = "channel-keeps";
const LENGTH_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_RECORD_BYTES = 256_000_000;

export interface SealedKeepOptions {
  readonly folder: string;
  /** `channel.account`. */
  readonly name: string;
  readonly secrets: Secrets;
}

interface Opened {
  readonly key: Buffer;
  file: FileHandle;
  /** Bytes of whole records; what comes behind is half written. */
  size: number;
  count: number;
}

/**
 * A Keep as one file: records one behind the other, each its length and AES-256-GCM over the bytes, bound to the file's name and its place in it. A record that a crash
 * has cut off was never confirmed and is taken away.
 */
export function createSealedKeep({ folder, name, secrets }: SealedKeepOptions): Keep {
  const path = join(folder, `${encodeURIComponent(name)}.keep`);
  const state: { opened?: Opened } = {};
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const close = async () => {
    await state.opened?.file.close();
    delete state.opened;
  };
  const load = async (): Promise<Uint8Array[]> => {
    await close();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = fileKey(await sharedKey(secrets), name);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    const { records, size } = unsealAll(bytes, key, path);
    if (size < bytes.length) await truncate(path, size);
    state.opened = { key, file: await open(path, "a", 0o600), size, count: records.length };
    return records;
  };
  const opened = async (): Promise<Opened> => {
    if (state.opened === undefined) await load();
    return state.opened!;
  };
  return {
    read: () => inOrder(load),
    append: (record) =>
      inOrder(() =>
        failing(async () => {
          const one = await opened();
          const sealed = seal(record, one.key, one.count);
          try {
            await one.file.appendFile(sealed);
            await one.file.datasync();
          } catch (error) {
            // Half of it may stand there; the next record must not come behind it.
            await one.file.truncate(one.size).catch(() => {});
            throw error;
          }
          one.size += sealed.length;
          one.count += 1;
        }),
      ),
    replace: (records) =>
      inOrder(() =>
        failing(async () => {
          const one = await opened();
          const whole = Buffer.concat(records.map((record, index) => seal(record, one.key, index)));
          await writeFileAtomic(path, whole);
          await one.file.close();
          one.file = await open(path, "a", 0o600);
          one.size = whole.length;
          one.count = records.length;
        }),
      ),
    close: () => inOrder(close),
  };
}

async function sharedKey(secrets: Secrets): Promise<Buffer> {
  const known = await secrets.get(KEY_NAME);
  if (known !== undefined) return Buffer.from(known.reveal(), "base64url");
  const key = randomBytes(32);
  await secrets.set(KEY_NAME, key.toString("base64url"));
  // Two accounts may have begun at once: what stands there counts.
  return Buffer.from((await secrets.get(KEY_NAME))!.reveal(), "base64url");
}

/** A key of the file's own (RFC 5869), so that no two files share one. */
function fileKey(shared: Buffer, name: string): Buffer {
  return Buffer.from(hkdfSync("sha256", shared, "", `open-clanker keep ${name}`, 32));
}

function place(index: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(index));
  return bytes;
}

function seal(record: Uint8Array, key: Buffer, index: number): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(place(index));
  const body = Buffer.concat([cipher.update(record), cipher.final()]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, iv, body, cipher.getAuthTag()]);
}

/** @throws StoreError `keep_damaged` when a record that others follow cannot be opened. */
function unsealAll(bytes: Buffer, key: Buffer, path: string): { records: Uint8Array[]; size: number } {
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + LENGTH_BYTES + IV_BYTES + length + TAG_BYTES;
    if (length > MAX_RECORD_BYTES || end > bytes.length) break;
    const record = unseal(bytes.subarray(at + LENGTH_BYTES, end), key, records.length);
    // Only the newest may be half written.
    if (record === undefined && (end < bytes.length || records.length === 0)) throw damaged(path);
    if (record === undefined) break;
    records.push(record);
    at = end;
  }
  return { records, size: at };
}

function unseal(sealed: Buffer, key: Buffer, index: number): Uint8Array | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, IV_BYTES)).setAAD(place(index)).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function damaged(path: string): StoreError {
  return new StoreError("keep_damaged", `${path} cannot be opened: it is damaged, or sealed with another key`, {
    hint: "Restore it and the secret store from the same backup, or remove the file and connect the account as a new device",
  });
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new StoreError("keep_failed", `not kept: ${message}`, { hint: "Look whether the disk is full and the home folder can be written", cause: error });
  }
}
