import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Secret } from "../../../core/secret.ts";
import { writeFileAtomic } from "../../../lib/atomic-file/index.ts";
import { requireUsable, type SecretStore } from "./create-secret-store.ts";
import { keychainSilent, type Keychain } from "./keychain.ts";
import { damaged } from "./sealed-file.ts";

/** Names of the secrets that lie in the keychain: keychains cannot be asked for them without showing every value. */
const NAMES_FILE = "keychain-names.json";

/**
 * A secret store that keeps new secrets in the keychain while one answers, and in the file else. Nothing moves by itself: a secret is read from where it was put, and
 * the keychain is asked only for those that are its own.
 * @throws ConfigError `keychain_silent` beside what the file's store throws.
 */
export function withKeychain(file: SecretStore, { folder, find }: { folder: string; find: () => Promise<Keychain | undefined> }): SecretStore {
  const namesFile = join(folder, NAMES_FILE);
  const state: { last: Promise<unknown>; found?: Promise<Keychain | undefined> } = { last: Promise.resolve() };
  const keychain = () => (state.found ??= find());
  const needed = async () => (await keychain()) ?? Promise.reject(keychainSilent());

  const readNames = async (): Promise<Set<string>> => {
    const text = await readFile(namesFile, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "[]";
      throw error;
    });
    return new Set(parseNames(text));
  };
  const writeNames = async (names: ReadonlySet<string>) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(namesFile, `${JSON.stringify([...names].toSorted())}\n`);
  };
  const forget = async (name: string): Promise<boolean> => {
    const names = await readNames();
    if (!names.delete(name)) return false;
    await (await needed()).remove(name);
    await writeNames(names);
    return true;
  };
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = state.last.then(run, run);
    state.last = result.catch(() => {});
    return result;
  };

  return {
    keySource: file.keySource,
    get: (name) =>
      inTurn(async () => {
        if (!(await readNames()).has(name)) return file.get(name);
        const value = await (await needed()).get(name);
        return value === undefined ? undefined : new Secret(name, value);
      }),
    set: (name, value) =>
      inTurn(async () => {
        requireUsable(name, value);
        // Whoever gives a key wants the file: it is what works without a login.
        const chain = file.keySource === "environment" ? undefined : await keychain();
        if (chain === undefined) {
          await file.set(name, value);
          await forget(name);
          return;
        }
        // The name first: a value nobody knows of could never be removed again.
        await writeNames((await readNames()).add(name));
        await chain.set(name, value);
        await file.remove(name);
      }),
    remove: (name) =>
      inTurn(async () => {
        const wasThere = await forget(name);
        return (await file.remove(name)) || wasThere;
      }),
    list: () => inTurn(async () => [...new Set([...(await readNames()), ...(await file.list())])].toSorted()),
    place: (name) => inTurn(async () => ((await readNames()).has(name) ? "keychain" : file.place(name))),
  };
}

/** @throws ConfigError `secret_store_damaged` */
function parseNames(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  } catch {
    // Said below.
  }
  throw damaged(`${NAMES_FILE} is not a list of names`);
}
