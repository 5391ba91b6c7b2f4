import { SignJWT } from "jose/jwt/sign";
import { importPKCS8 } from "jose/key/import";

export interface Assertion {
  /** Private key, PKCS #8 in PEM. */
  readonly key: string;
  /** Id of the key, as the receiver knows it. */
  readonly keyId?: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Wall milliseconds. */
  readonly now: number;
  /** Seconds that it holds; default 3,600. */
  readonly holdsSeconds?: number;
}

/** A statement that we sign with our own key and lend a token for (RFC 7523), RS256. @throws TypeError for what is no such key */
export async function signAssertion({ key, keyId, claims, now, holdsSeconds = 3_600 }: Assertion): Promise<string> {
  const at = Math.floor(now / 1_000);
  return new SignJWT({ ...claims, iat: at, exp: at + holdsSeconds })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
    .sign(await importPKCS8(key, "RS256"));
}
