import assert from "node:assert/strict";
import { createCipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { decodeRecoveryKey } from "../../../src/channels/matrix/secret-storage.ts";
import { Secret } from "../../../src/core/secret.ts";
import { BOT, type FakeMatrix } from "../../fakes/matrix/index.ts";
import { createPerson } from "../../fakes/matrix/person.ts";
import { createBench } from "./harness.ts";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** As clients show it: base 58 in groups of four. */
function recoveryKeyOf(key: Uint8Array): string {
  const bytes = [0x8b, 0x01, ...key];
  let number = BigInt(`0x${Buffer.from([...bytes, bytes.reduce((sum, byte) => sum ^ byte, 0)]).toString("hex")}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)]! + text;
  return text.replace(/(.{4})/g, "$1 ").trim();
}

/** Sealed as the specification says, with other means than the adapter's. */
function seal(key: Uint8Array, name: string, text: string | Buffer): { iv: string; ciphertext: string; mac: string } {
  const keys = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(32), name, 64));
  const iv = randomBytes(16);
  iv[8]! &= 0x7f;
  const ciphertext = createCipheriv("aes-256-ctr", keys.subarray(0, 32), iv).update(text);
  return {
    iv: iv.toString("base64"),
    ciphertext: ciphertext.toString("base64"),
    mac: createHmac("sha256", keys.subarray(32)).update(ciphertext).digest("base64"),
  };
}

function putStorage(matrix: FakeMatrix, key: Uint8Array, secrets: Record<string, string>): void {
  const data = matrix.world.accountDataOf(BOT);
  const { iv, mac } = seal(key, "", Buffer.alloc(32));
  data.set("m.secret_storage.default_key", { key: "k1" });
  data.set("m.secret_storage.key.k1", { algorithm: "m.secret_storage.v1.aes-hmac-sha2", iv, mac });
  for (const [name, text] of Object.entries(secrets)) data.set(name, { encrypted: { k1: seal(key, name, text) } });
}

describe("matrix secret storage", () => {
  test("a recovery key is read as clients show it, and a typing mistake is found", () => {
    const key = randomBytes(32);
    const text = recoveryKeyOf(key);
    assert.deepEqual(Buffer.from(decodeRecoveryKey(text)), key);
    assert.deepEqual(Buffer.from(decodeRecoveryKey("EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d")).length, 32);
    const other = text.at(-1) === "2" ? "3" : "2";
    assert.throws(() => decodeRecoveryKey(text.slice(0, -1) + other), /typing mistake/);
    assert.throws(() => decodeRecoveryKey("0OIl"), /character/);
  });

  test("an account that has cross-signing from another client vouches for our device with its recovery key, and its backup is used", async () => {
    const bench = await createBench();
    const { matrix } = bench;
    // The other client of the same account has set everything up.
    const other = await createPerson(matrix, BOT, "ELEMENT");
    try {
      const { uploadSigningKeysRequest, uploadSignaturesRequest } = await other.machine.bootstrapCrossSigning(false);
      matrix.world.crossSigning.set(BOT, JSON.parse(uploadSigningKeysRequest.body) as object);
      assert.ok(uploadSignaturesRequest);
      const exported = (await other.machine.exportCrossSigningKeys())!;
      const { BackupDecryptionKey } = await import("@matrix-org/matrix-sdk-crypto-wasm");
      const backup = BackupDecryptionKey.createRandomKey();
      const auth_data = { public_key: backup.megolmV1PublicKey.publicKeyBase64 };
      matrix.world.backups.set(BOT, { version: "7", algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data, keys: new Map() });
      bench.start();
      await matrix.until(
        () => bench.channel.status().identity?.includes("not cross-signed: the account has cross-signing; give its recovery_key; no key backup") === true,
      );
      await bench.stop();
      const key = randomBytes(32);
      putStorage(matrix, key, {
        "m.cross_signing.master": exported.masterKey!,
        "m.cross_signing.self_signing": exported.self_signing_key!,
        "m.cross_signing.user_signing": exported.userSigningKey!,
        "m.megolm_backup.v1": backup.toBase64(),
      });
      const wrong = await createBench({ matrix, kept: bench.kept, config: { recovery_key: new Secret("r", recoveryKeyOf(randomBytes(32))) } });
      wrong.start();
      await matrix.until(() => wrong.channel.status().identity?.includes("is not the key of the secret storage") === true);
      await wrong.close();
      const right = await createBench({ matrix, kept: bench.kept, config: { recovery_key: new Secret("r", recoveryKeyOf(key)) } });
      right.start();
      await matrix.until(() => right.channel.status().identity?.includes("BOTDEVICE: cross-signed; keys backed up") === true);
      assert.equal(matrix.world.backups.get(BOT)!.version, "7");
      assert.ok(!matrix.calls.some(({ call }) => call.includes("device_signing")), "what another client has set up was replaced");
      await right.close();
    } finally {
      other.close();
      await bench.close();
    }
  });
});
