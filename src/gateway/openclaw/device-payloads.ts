import { deviceIdOf, type DeviceProof } from "../auth/device-proof.ts";
import type { ConnectParams } from "./connect-params.ts";
import { scopesOf } from "./operator-scopes.ts";

/**
 * The proof in a `connect`, over this connection's own nonce: what OpenClaw clients sign is a line of fields with `|` between them, `v3` (with platform and
 * device family) or the older `v2` (OpenClaw docs, gateway protocol, auth). It names no gateway, so that a gateway in the middle could pass it on: a signature
 * alone gets in only while the device has no token yet, and later ones cover the token.
 * @returns undefined when the client shows no device, or one whose id is not that of its key.
 */
export function deviceProofOf(params: ConnectParams, nonce: string): DeviceProof | undefined {
  const { client, device, role, scopes = [] } = params;
  if (device === undefined || device.nonce !== nonce) return undefined;
  if (Buffer.from(deviceIdOf(device.publicKey), "base64url").toString("hex") !== device.id) return undefined;
  const fields = [device.id, client.id, client.mode, role, scopes.join(","), String(device.signedAt), signedToken(params), nonce];
  const signed = [
    ["v3", ...fields, metadata(client.platform), metadata(client.deviceFamily)],
    ["v2", ...fields],
  ].map((parts) => new TextEncoder().encode(parts.join("|")));
  return {
    id: deviceIdOf(device.publicKey),
    publicKey: device.publicKey,
    scopes: scopesOf(scopes),
    signedAt: device.signedAt,
    signature: device.signature.replace(/=+$/, ""),
    signed,
  };
}

/** The secret that the client has chosen to be signed: the shared token, else that of the device. */
function signedToken({ auth }: ConnectParams): string {
  return auth?.token?.trim() || auth?.deviceToken?.trim() || "";
}

function metadata(value: string | undefined): string {
  return (value ?? "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
