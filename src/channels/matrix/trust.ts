/**
 * Cross-signing (client-server API): the account vouches for our device, so that other clients show no warning, and those that demand it share their keys with us.
 * Never resets what somebody else has set up.
 */
import { type MatrixAccount } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import type { Outgoing } from "./crypto-port.ts";
import { openBackup } from "./key-backup.ts";
import { openSecretStorage, type SecretStorage } from "./secret-storage.ts";

/** How far it is, in words for the status. */
export interface Trust {
  readonly device: string;
  readonly backup: string;
}

/** @throws MatrixFailure, HttpFailure: to be tried again. */
export async function establishTrust(account: MatrixAccount, signal: AbortSignal): Promise<Trust> {
  const { config, deps } = account;
  let storage: SecretStorage | undefined;
  let refused: string | undefined;
  if (config.recovery_key !== undefined) {
    try {
      storage = await openSecretStorage(account, config.recovery_key, signal);
      if (storage === undefined) refused = "the account has no secret storage for recovery_key";
    } catch (error) {
      if (error instanceof MatrixFailure || (error as Error).name === "HttpFailure") throw error;
      deps.log.warn("matrix recovery_key not of use", { error });
      refused = `recovery_key: ${(error as Error).message}`;
    }
  }
  const device = await crossSign(account, { storage, refused, signal });
  const backup = (await openBackup(account, storage, signal)) ? "keys backed up" : "no key backup: recovery_key is needed for the account's";
  return { device, backup };
}

async function crossSign(
  account: MatrixAccount,
  { storage, refused, signal }: { storage: SecretStorage | undefined; refused: string | undefined; signal: AbortSignal },
): Promise<string> {
  const crypto = account.crypto!;
  const { machine, wasm } = crypto;
  const me = () => new wasm.UserId(account.me!.id);
  await crypto.sendRequest(machine.queryKeysForUsers([me()]) as Outgoing, signal);
  const identity = await machine.getIdentity(me());
  const ours = await machine.crossSigningStatus();
  if (identity === undefined) {
    const trouble = await bootstrap(account, signal);
    if (trouble !== undefined) return `not cross-signed: ${trouble}`;
  } else if (!ours.hasSelfSigning) {
    if (storage === undefined) return `not cross-signed: ${refused ?? "the account has cross-signing; give its recovery_key"}`;
    const [master, self, user] = await Promise.all(["master", "self_signing", "user_signing"].map((name) => storage.read(`m.cross_signing.${name}`)));
    await machine.importCrossSigningKeys(master ?? null, self ?? null, user ?? null);
    if (!(await machine.crossSigningStatus()).hasSelfSigning) return "not cross-signed: the secret storage holds no key that fits";
  }
  const device = await machine.getDevice(me(), new wasm.DeviceId(account.me!.device));
  if (device !== undefined && !device.isCrossSignedByOwner()) {
    await crypto.sendRequest((await device.verify()) as Outgoing, signal);
    await crypto.sendRequest(machine.queryKeysForUsers([me()]) as Outgoing, signal);
  }
  return "cross-signed";
}

/** The account has no cross-signing yet. @returns why it still has none. */
async function bootstrap(account: MatrixAccount, signal: AbortSignal): Promise<string | undefined> {
  const crypto = account.crypto!;
  const { uploadKeysRequest, uploadSigningKeysRequest, uploadSignaturesRequest } = await crypto.machine.bootstrapCrossSigning(false);
  if (uploadKeysRequest !== undefined) await crypto.sendRequest(uploadKeysRequest as Outgoing, signal);
  try {
    await uploadSigningKeys(account, JSON.parse(uploadSigningKeysRequest.body) as object, signal);
  } catch (error) {
    if (!(error instanceof MatrixFailure) || error.status !== 401) throw error;
    return account.config.password === undefined ? "the server wants the password for it; set password" : `the server refused it: ${error.errcode || "401"}`;
  }
  await crypto.sendRequest(uploadSignaturesRequest as Outgoing, signal);
  return undefined;
}

/** POST /keys/device_signing/upload, with user-interactive authentication where the server wants it. */
async function uploadSigningKeys({ api, config, me }: MatrixAccount, keys: object, signal: AbortSignal): Promise<void> {
  const where = "/client/v3/keys/device_signing/upload";
  try {
    await api.call("POST", where, { body: keys, signal });
  } catch (error) {
    if (!(error instanceof MatrixFailure) || error.status !== 401 || config.password === undefined) throw error;
    const { session, flows } = error.body as { session?: string; flows?: readonly { readonly stages?: readonly string[] }[] };
    if (flows?.some(({ stages }) => stages?.length === 1 && stages[0] === "m.login.password") !== true) throw error;
    const identifier = { type: "m.id.user", user: me!.id };
    const auth = { type: "m.login.password", identifier, password: config.password.reveal(), ...(session === undefined ? {} : { session }) };
    await api.call("POST", where, { body: { ...keys, auth }, signal });
  }
}
