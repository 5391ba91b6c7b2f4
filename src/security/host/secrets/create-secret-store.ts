import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RequestError } from "../../../core/errors.ts";
import { Secret, type Secrets } from "../../../core/secret.ts";
import { writeFileAtomic } from "../../../lib/atomic-file/index.ts";
import { fileKeys, openFile, parseFile, sealFile, wrongKey, type FileKeys } from "./sealed-file.ts";
import { deriveKey, ensureKeyFile, keyFromText, newDerivation, readKeyFile, type Derivation, type StoreKey } from "./store-key.ts";

export interface SecretStoreOptions {
  /** Where `secrets.json` and, without a key, `secret.key` lie. */
  readonly folder: string;
  /** CLANKER_SECRET_KEY: 32 bytes as hex or base64, else a passphrase. Unset or empty: a random key file is made on first use. */
  readonly key?: string | undefined;
}

export interface SecretStore extends Secrets {
  /** `key-file` protects only against whoever gets secrets.json alone. */
  readonly keySource: "environment" | "key-file";
}

interface Opened {
  readonly keys: FileKeys;
  readonly derivation: Derivation;
  readonly secrets: Map<string, string>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const FILE = "secrets.json";

/**
 * The secret store: one AES-256-GCM file (0600), replaced as a whole. Nothing is read or made before the first call; reading makes nothing.
 * @throws ConfigError `secret_key_blank` here; `secret_key_wrong`, `secret_key_unusable`, `secret_store_damaged` from every call;
 * RequestError `secret_bad_name`, `secret_blank` from `set`.
 */
export function createSecretStore({ folder, key }: SecretStoreOptions): SecretStore {
  const given = key === undefined || key === "" ? undefined : keyFromText(key);
  const state: { derived?: { id: string; keys: FileKeys }; last: Promise<unknown> } = { last: Promise.resolve() };
  const file = join(folder, FILE);

  const keysOf = async (storeKey: StoreKey, derivation: Derivation): Promise<FileKeys> => {
    // A passphrase costs a good part of a second and 64 MiB, so its key is kept.
    const id = JSON.stringify(derivation);
    if (storeKey.kind === "passphrase" && state.derived?.id === id) return state.derived.keys;
    const derived = await deriveKey(storeKey, derivation);
    if (derived === undefined) throw wrongKey();
    const keys = fileKeys(derived);
    state.derived = { id, keys };
    return keys;
  };

  const read = async (): Promise<Opened | undefined> => {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const sealed = parseFile(text);
    const storeKey = given ?? (await readKeyFile(folder));
    if (storeKey === undefined) throw wrongKey();
    const keys = await keysOf(storeKey, sealed.derivation);
    return { keys, derivation: sealed.derivation, secrets: openFile(keys, sealed) };
  };

  const make = async (): Promise<Opened> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (given === undefined) await ensureKeyFile(folder);
    const storeKey = given ?? (await readKeyFile(folder));
    if (storeKey === undefined) throw wrongKey();
    const derivation = newDerivation(storeKey);
    return { keys: await keysOf(storeKey, derivation), derivation, secrets: new Map() };
  };

  const write = ({ keys, derivation, secrets }: Opened) => writeFileAtomic(file, `${JSON.stringify(sealFile(keys, derivation, secrets), null, 2)}\n`);

  /** Changes read what the one before wrote. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = state.last.then(run, run);
    state.last = result.catch(() => {});
    return result;
  };

  return {
    keySource: given === undefined ? "key-file" : "environment",
    get: (name) =>
      inTurn(async () => {
        const value = (await read())?.secrets.get(name);
        return value === undefined ? undefined : new Secret(name, value);
      }),
    set: (name, value) =>
      inTurn(async () => {
        requireUsable(name, value);
        const opened = (await read()) ?? (await make());
        opened.secrets.set(name, value);
        await write(opened);
      }),
    remove: (name) =>
      inTurn(async () => {
        const opened = await read();
        if (opened?.secrets.delete(name) !== true) return false;
        await write(opened);
        return true;
      }),
    list: () => inTurn(async () => [...((await read())?.secrets.keys() ?? [])].toSorted()),
    place: (name) => inTurn(async () => ((await read())?.secrets.has(name) === true ? "file" : undefined)),
  };
}

/** @throws RequestError `secret_bad_name`, `secret_blank` */
export function requireUsable(name: string, value: string): void {
  if (!NAME.test(name) || name === "constructor" || name === "prototype") {
    throw new RequestError("secret_bad_name", "not a name of a secret", {
      hint: "write 1 to 128 letters, digits, dots, - and _, beginning with a letter or digit",
    });
  }
  if (value.trim() === "") throw new RequestError("secret_blank", `the secret ${name} would be blank`, { hint: "give it a value, or remove it" });
}
