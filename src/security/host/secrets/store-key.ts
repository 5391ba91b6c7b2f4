import * as crypto from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../../core/errors.ts";
import { createFileAtomic } from "../../../lib/atomic-file/index.ts";

/** How the file's key comes from what the owner has: the key itself, or a passphrase and these numbers. Stored in the file, no secret. */
export type Derivation =
  | { readonly kind: "key" }
  | { readonly kind: "argon2id"; readonly salt: string; readonly memory: number; readonly passes: number; readonly parallelism: number }
  | { readonly kind: "scrypt"; readonly salt: string; readonly cost: number; readonly blockSize: number; readonly parallelism: number };

/** What opens the store: 32 bytes, or a passphrase. */
export type StoreKey = { readonly kind: "key"; readonly bytes: Buffer } | { readonly kind: "passphrase"; readonly text: string };

export const KEY_FILE = "secret.key";

/**
 * CLANKER_SECRET_KEY: 32 bytes as 64 hex digits or base64, else a passphrase.
 * @throws ConfigError `secret_key_blank` for spaces only.
 */
export function keyFromText(text: string): StoreKey {
  const trimmed = text.trim();
  if (trimmed === "") throw new ConfigError("secret_key_blank", "CLANKER_SECRET_KEY is blank", { hint: "give it a value, or remove it to use the key file" });
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return { kind: "key", bytes: Buffer.from(trimmed, "hex") };
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return { kind: "key", bytes: Buffer.from(trimmed, "base64url") };
  return { kind: "passphrase", text: trimmed };
}

/** @returns the key file's key, undefined when there is none. @throws ConfigError `secret_key_unusable` */
export async function readKeyFile(folder: string): Promise<StoreKey | undefined> {
  const file = join(folder, KEY_FILE);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new ConfigError("secret_key_unusable", `${file} cannot be read: ${error.code ?? "unknown error"}`, { hint: "check who may read it" });
  });
  if (text === undefined) return undefined;
  const key = text.trim() === "" ? undefined : keyFromText(text);
  if (key?.kind === "key") return key;
  throw new ConfigError("secret_key_unusable", `${file} does not hold a key`, {
    hint: "restore it from a backup: without it the stored secrets cannot be read",
  });
}

/** Makes the key file (0600) unless there is one. */
export async function ensureKeyFile(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await createFileAtomic(join(folder, KEY_FILE), `${crypto.randomBytes(32).toString("base64url")}\n`);
}

/** Numbers for a new file: argon2id (RFC 9106, 64 MiB, 3 passes) where this Node has it, else scrypt (RFC 7914, 128 MiB). */
export function newDerivation(key: StoreKey): Derivation {
  if (key.kind === "key") return { kind: "key" };
  const salt = crypto.randomBytes(16).toString("base64url");
  if (typeof crypto.argon2 === "function") return { kind: "argon2id", salt, memory: 65_536, passes: 3, parallelism: 4 };
  return { kind: "scrypt", salt, cost: 131_072, blockSize: 8, parallelism: 1 };
}

/** @returns undefined when this kind of key cannot open this kind of file. */
export async function deriveKey(key: StoreKey, derivation: Derivation): Promise<Buffer | undefined> {
  if (derivation.kind === "key") return key.kind === "key" ? key.bytes : undefined;
  if (key.kind === "key") return undefined;
  const salt = Buffer.from(derivation.salt, "base64url");
  return derivation.kind === "argon2id" ? argon2id(key.text, salt, derivation) : scrypt(key.text, salt, derivation);
}

function argon2id(passphrase: string, nonce: Buffer, { memory, passes, parallelism }: Derivation & { kind: "argon2id" }): Promise<Buffer> {
  if (typeof crypto.argon2 !== "function") {
    throw new ConfigError("secret_key_unusable", "this Node has no argon2, with which the secret store was made", {
      hint: "run the gateway with the Node it comes with",
    });
  }
  return new Promise((resolve, reject) => {
    crypto.argon2("argon2id", { message: passphrase, nonce, memory, passes, parallelism, tagLength: 32 }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
}

function scrypt(passphrase: string, salt: Buffer, { cost, blockSize, parallelism }: Derivation & { kind: "scrypt" }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    crypto.scrypt(passphrase, salt, 32, { N: cost, r: blockSize, p: parallelism, maxmem: 256 * cost * blockSize }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
}
