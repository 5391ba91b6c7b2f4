/** Who signs Google's requests, by the kind of audience (developers.google.com/workspace/chat/verify-requests-from-chat). */
import type { JWTClaims } from "./api.ts";

const CHAT = "chat@system.gserviceaccount.com";

export interface Signer {
  readonly issuer: string | readonly string[];
  readonly keysUrl: string;
  /** Whether a proven token speaks for Google Chat. */
  readonly speaks: (claims: JWTClaims) => boolean;
}

/** A project's number: Chat's own service account signs. A URL: Google signs an ID token of that account, as it does for everybody's, so the account has to be looked at. */
export function signerOf(audience: string): Signer {
  if (/^\d+$/.test(audience)) return { issuer: CHAT, keysUrl: `https://www.googleapis.com/service_accounts/v1/jwk/${CHAT}`, speaks: () => true };
  return {
    issuer: ["https://accounts.google.com", "accounts.google.com"],
    keysUrl: "https://www.googleapis.com/oauth2/v3/certs",
    speaks: (claims) => claims["email"] === CHAT && claims["email_verified"] === true,
  };
}
