/** An issuer of signed tokens with real RSA keys that can be changed, as Microsoft and Google are. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";

/** Made once for a test file: 2,048 bits take a while. */
const pool: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }[] = [];

export function rsaKey(index: number) {
  while (pool.length <= index) pool.push(generateKeyPairSync("rsa", { modulusLength: 2_048 }));
  return pool[index]!;
}

export interface Signing {
  /** Which key; default: the newest that is published. */
  readonly key?: number;
  readonly kid?: string;
  readonly alg?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly notBefore?: number;
}

export type RsaIssuer = ReturnType<typeof createRsaIssuer>;

/** @param more what the issuer says of each key beside the key */
export function createRsaIssuer(more: object = {}) {
  let published = [0];
  let asked = 0;
  return {
    /** How often the keys were asked for. */
    get asked() {
      return asked;
    },
    /** From now on these keys are published; the last one signs. */
    publish(...keys: number[]) {
      published = keys;
    },
    keys(extra: object = more): object {
      asked += 1;
      return {
        keys: published.map((index) => ({
          ...rsaKey(index).publicKey.export({ format: "jwk" }),
          use: "sig",
          alg: "RS256",
          kid: `key-${index}`,
          x5t: `key-${index}`,
          ...extra,
        })),
      };
    },
    sign(
      claims: Record<string, unknown>,
      { key = published.at(-1)!, kid = `key-${key}`, alg = "RS256", expiresIn = 3_600, notBefore = -10 }: Signing = {},
    ): Promise<string> {
      const now = Math.floor(Date.now() / 1_000);
      const jwt = new SignJWT({ nbf: now + notBefore, exp: now + expiresIn, iat: now, ...claims }).setProtectedHeader({ alg, kid, typ: "JWT" });
      // A key that everybody knows, for those who sign with it.
      return jwt.sign(
        alg.startsWith("HS") ? new TextEncoder().encode(rsaKey(key).publicKey.export({ format: "pem", type: "spki" }).toString()) : rsaKey(key).privateKey,
      );
    },
  };
}
