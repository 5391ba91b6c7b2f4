/** Room keys on the server, sealed for a key of ours (client-server API, "Server-side key backups"). They outlive the device, where its databases do not. */
import { canonicalJson } from "../../lib/canonical-json/index.ts";
import { type MatrixAccount, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import type { SecretStorage } from "./secret-storage.ts";
import type { WireEvent } from "./wire.ts";

const ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2";
/** The key is kept beside the databases, not in them: they go with the device. */
const FACT = "backup-key";
const MAX_REQUESTS = 100;

interface WireBackup {
  readonly version: string;
  readonly algorithm: string;
  readonly auth_data: { readonly public_key?: string };
}

/** Finds the account's backup or makes one. @returns whether keys are backed up: not where it is another's whose key is not known. @throws MatrixFailure, HttpFailure */
export async function openBackup(account: MatrixAccount, storage: SecretStorage | undefined, signal: AbortSignal): Promise<boolean> {
  const { api, kept } = account;
  const { machine, wasm } = account.crypto!;
  const found = await api.call<WireBackup>("GET", "/client/v3/room_keys/version", { signal }).catch((error: unknown) => {
    if (error instanceof MatrixFailure && error.errcode === "M_NOT_FOUND") return undefined;
    throw error;
  });
  const known = kept?.fact<string>(FACT) ?? (await machine.getBackupKeys()).decryptionKeyBase64 ?? (await storage?.read("m.megolm_backup.v1"));
  const key = known === undefined ? undefined : wasm.BackupDecryptionKey.fromBase64(known);
  if (found !== undefined) {
    if (found.algorithm !== ALGORITHM || key === undefined || key.megolmV1PublicKey.publicKeyBase64 !== found.auth_data.public_key) return false;
    await use(account, key.toBase64(), found.version);
    return true;
  }
  const made = key ?? wasm.BackupDecryptionKey.createRandomKey();
  const auth = { public_key: made.megolmV1PublicKey.publicKeyBase64 };
  const signatures = JSON.parse((await machine.sign(canonicalJson(auth))).asJSON()) as object;
  const { version } = await api.call<{ version: string }>("POST", "/client/v3/room_keys/version", {
    body: { algorithm: ALGORITHM, auth_data: { ...auth, signatures } },
    signal,
  });
  await use(account, made.toBase64(), version);
  return true;
}

async function use(account: MatrixAccount, key: string, version: string): Promise<void> {
  const { machine, wasm } = account.crypto!;
  if (account.kept?.fact<string>(FACT) !== key) await account.kept?.setFact(FACT, key);
  const opened = wasm.BackupDecryptionKey.fromBase64(key);
  const publicKey = opened.megolmV1PublicKey.publicKeyBase64;
  await machine.saveBackupDecryptionKey(opened, version);
  await machine.enableBackupV1(publicKey, version);
}

/** Sends the keys that are in no backup yet; what fails is tried again after the next sync. @returns false when the backup is another one by now. */
export async function backUpKeys({ crypto, deps }: MatrixAccount, signal: AbortSignal): Promise<boolean> {
  if (crypto === undefined || !(await crypto.machine.isBackupEnabled())) return true;
  try {
    for (let count = 0; count < MAX_REQUESTS; count++) {
      const request = await crypto.machine.backupRoomKeys();
      if (request === undefined || request === null) break;
      await crypto.sendRequest(request, signal);
    }
  } catch (error) {
    if (!signal.aborted) deps.log.warn("matrix keys not backed up", { error });
    if (!(error instanceof MatrixFailure) || !["M_WRONG_ROOM_KEYS_VERSION", "M_NOT_FOUND"].includes(error.errcode)) return true;
    await crypto.machine.disableBackup();
    return false;
  }
  return true;
}

interface WireKey {
  readonly session_data?: { readonly ephemeral?: string; readonly mac?: string; readonly ciphertext?: string };
}

/** Looks in the backup for the key of an event. @returns whether it was there. @throws MatrixFailure, HttpFailure */
export async function restoreKeys(
  { api, crypto }: MatrixAccount,
  room: string,
  { event, signal }: { event: WireEvent; signal: AbortSignal },
): Promise<boolean> {
  const session = event.content?.["session_id"];
  if (crypto === undefined || typeof session !== "string") return false;
  const { machine, wasm } = crypto;
  const { decryptionKey: key, backupVersion: version } = await machine.getBackupKeys();
  if (key === undefined || version === undefined) return false;
  try {
    const where = `/client/v3/room_keys/keys${path(room, session)}?version=${encodeURIComponent(version)}`;
    const { session_data: { ephemeral = "", mac = "", ciphertext = "" } = {} } = await api.call<WireKey>("GET", where, { signal });
    const data = { ...(JSON.parse(key.decryptV1(ephemeral, mac, ciphertext)) as object), room_id: room, session_id: session };
    const { importedCount } = await machine.importBackedUpRoomKeys(new Map([[new wasm.RoomId(room), new Map([[session, data]])]]), () => undefined, version);
    return importedCount > 0;
  } catch (error) {
    if (error instanceof MatrixFailure && error.status === 404) return false;
    throw error;
  }
}
