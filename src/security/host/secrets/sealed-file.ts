import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { ConfigError } from "../../../core/errors.ts";
import type { Derivation } from "./store-key.ts";

interface Sealed {
  readonly nonce: string;
  readonly data: string;
}

/** `secrets.json` as it lies on disk. */
export interface SecretsFile {
  readonly version: 1;
  readonly derivation: Derivation;
  /** A known text under the key: tells a wrong key from a changed file. */
  readonly check: Sealed;
  readonly secrets: Readonly<Record<string, Sealed>>;
  /** HMAC-SHA-256 over everything else: an entry that was removed, renamed or put back is noticed. */
  readonly mac: string;
}

/** The two keys of a file, derived from its one key (RFC 5869). */
export interface FileKeys {
  readonly seal: Buffer;
  readonly mac: Buffer;
}

const CHECK = "open-clanker secret store";

export function fileKeys(key: Buffer): FileKeys {
  const derive = (purpose: string) => Buffer.from(hkdfSync("sha256", key, "", `open-clanker secrets ${purpose}`, 32));
  return { seal: derive("seal"), mac: derive("mac") };
}

/** A file with these secrets. */
export function sealFile(keys: FileKeys, derivation: Derivation, secrets: ReadonlyMap<string, string>): SecretsFile {
  const entries = [...secrets].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, seal(keys.seal, `secret ${name}`, value)] as const);
  const body = { version: 1 as const, derivation, check: seal(keys.seal, "check", CHECK), secrets: Object.fromEntries(entries) };
  return { ...body, mac: macOf(keys, body) };
}

/**
 * What a file holds.
 * @throws ConfigError `secret_key_wrong`, `secret_store_damaged` when it was changed by anybody without the key.
 */
export function openFile(keys: FileKeys, file: SecretsFile): Map<string, string> {
  if (unseal(keys.seal, "check", file.check) !== CHECK) throw wrongKey();
  const { mac, ...body } = file;
  const expected = Buffer.from(macOf(keys, body), "base64url");
  const found = Buffer.from(mac, "base64url");
  if (expected.length !== found.length || !timingSafeEqual(expected, found)) throw damaged("its seal does not fit");
  return new Map(
    Object.entries(file.secrets).map(([name, sealed]) => {
      const value = unseal(keys.seal, `secret ${name}`, sealed);
      if (value === undefined) throw damaged(`the entry ${name} does not open`);
      return [name, value];
    }),
  );
}

export function wrongKey(): ConfigError {
  return new ConfigError("secret_key_wrong", "the secret store does not open with this key", {
    hint: "set CLANKER_SECRET_KEY to the key or passphrase it was made with, or unset it if it was made with the key file secret.key",
  });
}

export function damaged(what: string): ConfigError {
  return new ConfigError("secret_store_damaged", `the secret store was changed outside of clanker: ${what}`, {
    hint: "restore secrets.json from a backup, or remove it and set the secrets again",
  });
}

/** @throws ConfigError `secret_store_damaged` when the text is no such file. */
export function parseFile(text: string): SecretsFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw damaged("it is not JSON");
  }
  if (!isSecretsFile(file)) throw damaged("it has not the form of a secret store");
  return file;
}

function isSecretsFile(value: unknown): value is SecretsFile {
  const file = value as Partial<SecretsFile> | null;
  const sealed = (entry: unknown) => typeof (entry as Sealed | null)?.nonce === "string" && typeof (entry as Sealed).data === "string";
  return (
    typeof file === "object" &&
    file !== null &&
    file.version === 1 &&
    typeof file.mac === "string" &&
    sealed(file.check) &&
    isDerivation(file.derivation) &&
    typeof file.secrets === "object" &&
    file.secrets !== null &&
    Object.values(file.secrets).every(sealed)
  );
}

/** Bounded, so that a changed file cannot ask for all of the memory. */
function isDerivation(value: unknown): value is Derivation {
  const found = value as Record<string, unknown> | null | undefined;
  const within = (key: string, most: number) => Number.isInteger(found?.[key]) && (found![key] as number) >= 1 && (found![key] as number) <= most;
  if (found?.["kind"] === "key") return true;
  if (typeof found?.["salt"] !== "string" || !within("parallelism", 16)) return false;
  if (found["kind"] === "argon2id") return within("memory", 1_048_576) && within("passes", 20);
  return found["kind"] === "scrypt" && within("cost", 1_048_576) && within("blockSize", 16);
}

/** AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D); the name is bound in, so that an entry does not open under another one. */
function seal(key: Buffer, name: string, text: string): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(name, "utf8"));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString("base64url"), data: data.toString("base64url") };
}

/** @returns undefined when key, name or bytes are not those it was sealed with. */
function unseal(key: Buffer, name: string, sealed: Sealed): string | undefined {
  const data = Buffer.from(sealed.data, "base64url");
  const nonce = Buffer.from(sealed.nonce, "base64url");
  if (nonce.length !== 12 || data.length < 16) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(name, "utf8"));
  decipher.setAuthTag(data.subarray(-16));
  try {
    return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

function macOf(keys: FileKeys, body: Omit<SecretsFile, "mac">): string {
  const secrets = Object.entries(body.secrets).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const flat = JSON.stringify([
    body.version,
    Object.entries(body.derivation).toSorted(),
    body.check.nonce,
    body.check.data,
    secrets.map(([name, { nonce, data }]) => [name, nonce, data]),
  ]);
  return createHmac("sha256", keys.mac).update(flat).digest("base64url");
}
