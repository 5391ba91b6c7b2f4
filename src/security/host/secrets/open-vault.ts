import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../../../core/errors.ts";
import type { Secrets } from "../../../core/secret.ts";
import type { Vault } from "../../../core/vault.ts";
import { writeFileAtomic } from "../../../lib/atomic-file/index.ts";

/** More dead bytes than this, and more than living ones, and the file is written anew. */
const SLACK_BYTES = 1_000_000;

export interface OpenVaultOptions {
  readonly file: string;
  /** Where the key lies. */
  readonly secrets: Secrets;
  /** Under which name. */
  readonly keyName: string;
}

/**
 * A file of sealed lines (AES-256-GCM, NIST SP 800-38D), each a batch of changes that is bound to its place, so that none can be left out, moved or put back. The last
 * line may be torn by a crash: then its batch was never kept. Nothing is read or made before the first use.
 */
export function openVault({ file, secrets, keyName }: OpenVaultOptions): Vault {
  let opened: Promise<OpenFile> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
  const ready = async (): Promise<OpenFile> => {
    opened ??= load(file, secrets, keyName);
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };
  return {
    entries: () => inTurn(async () => new Map((await ready()).entries)),
    put: (changes) =>
      inTurn(async () => {
        const state = await ready();
        state.key ??= await makeKey(secrets, keyName);
        const line = seal(state.key, state.lines, changes);
        try {
          await append(file, line);
        } catch (error) {
          // What stands in the file now nobody knows: it is read again before the next use.
          opened = undefined;
          throw error;
        }
        state.lines += 1;
        state.bytes += line.length;
        apply(state.entries, changes);
        if (state.bytes > SLACK_BYTES + 2 * sizeOf(state.entries)) await rewrite(file, state);
      }),
    clear: () =>
      inTurn(async () => {
        opened = undefined;
        // Without its key the file opens for nobody, whatever becomes of its bytes.
        await secrets.remove(keyName);
        await rm(file, { force: true });
      }),
  };
}

interface OpenFile {
  key: Buffer | undefined;
  lines: number;
  bytes: number;
  readonly entries: Map<string, string>;
}

async function load(file: string, secrets: Secrets, keyName: string): Promise<OpenFile> {
  const found = await secrets.get(keyName);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const state: OpenFile = { key: undefined, lines: 0, bytes: 0, entries: new Map() };
  if (found !== undefined) state.key = Buffer.from(found.reveal(), "base64");
  if (text === undefined || text === "") return state;
  // A key that was removed forgets what it sealed.
  if (state.key === undefined) {
    await rm(file, { force: true });
    return state;
  }
  const whole = text.split("\n").slice(0, -1);
  for (const line of whole) {
    const changes = unseal(state.key, state.lines, line);
    if (changes === undefined) throw damaged(file);
    apply(state.entries, changes);
    state.lines += 1;
  }
  // Also takes away a torn end, behind which nothing may be written.
  await rewrite(file, state);
  return state;
}

async function rewrite(file: string, state: OpenFile): Promise<void> {
  const line = seal(state.key!, 0, Object.fromEntries(state.entries));
  await writeFileAtomic(file, line);
  state.lines = 1;
  state.bytes = line.length;
}

async function append(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, "a", 0o600);
  try {
    await handle.appendFile(line);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function makeKey(secrets: Secrets, name: string): Promise<Buffer> {
  const key = randomBytes(32);
  await secrets.set(name, key.toString("base64"));
  return key;
}

function apply(entries: Map<string, string>, changes: Readonly<Record<string, string | null>>): void {
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

function seal(key: Buffer, place: number, changes: Readonly<Record<string, string | null>>): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(`vault ${place}`));
  return `${Buffer.concat([nonce, cipher.update(JSON.stringify(changes), "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64")}\n`;
}

function unseal(key: Buffer, place: number, line: string): Record<string, string | null> | undefined {
  const bytes = Buffer.from(line, "base64");
  if (key.length !== 32 || bytes.length < 28) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(`vault ${place}`));
    decipher.setAuthTag(bytes.subarray(-16));
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString("utf8")) as Record<string, string | null>;
  } catch {
    return undefined;
  }
}

function damaged(file: string): ConfigError {
  return new ConfigError("vault_damaged", `the keys in ${file} do not open`, {
    hint: "link the account again: clanker channels logout NAME, then clanker channels login NAME",
  });
}
