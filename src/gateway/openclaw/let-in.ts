import { AuthError } from "../../core/errors.ts";
import { clip, escapeControls } from "../../lib/plain-text/index.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Credential } from "../auth/credential.ts";
import type { DeviceDesk } from "../auth/device-desk.ts";
import { provesDevice, type DeviceProof } from "../auth/device-proof.ts";
import type { ConnectParams } from "./connect-params.ts";
import { deviceProofOf } from "./device-payloads.ts";

/** A `connect` that is refused, with what their clients decide by. */
export class ConnectRefused extends Error {
  readonly error: AuthError;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(error: AuthError, details: Readonly<Record<string, unknown>>) {
    super(error.message);
    this.error = error;
    this.details = details;
  }
}

interface Knock {
  readonly addressKey: string;
  /** Of this connection's challenge; undefined once it was used. */
  readonly nonce: string | undefined;
  /** From the Authorization header, or because nothing has to be shown. */
  readonly credential: Credential | undefined;
}

interface Keepers {
  readonly authenticator: Authenticator;
  readonly devices: DeviceDesk;
  readonly gatewayId: string;
  now(): number;
}

export interface LetIn {
  readonly credential: Credential;
  /** A new token for the device, which it has to keep. */
  readonly deviceToken?: string;
}

const PENDING = new Set(["device_unknown", "device_pending", "device_revoked"]);

/**
 * Who may in: the gateway's token or password, a device's token, or a device that proves its key and has no token yet; any other device asks to be paired.
 * @throws ConnectRefused; AuthError as the authenticator
 */
export async function letIn(params: ConnectParams, knock: Knock, keepers: Keepers): Promise<LetIn> {
  if (knock.credential !== undefined) return { credential: knock.credential };
  const proof = knock.nonce === undefined ? undefined : deviceProofOf(params, knock.nonce);
  if (params.device !== undefined && proof === undefined) throw wrongDevice(params, knock.nonce);
  const { auth = {} } = params;
  const shown = auth.deviceToken ?? auth.token ?? auth.password;
  const { addressKey, nonce } = knock;
  if (shown === undefined || shown === "") {
    if (proof === undefined) throw missing();
    return byKey(proof, { params, addressKey, nonce }, keepers);
  }
  const credential = keepers.authenticator.verify({ token: shown, password: auth.deviceToken ?? auth.password ?? auth.token }, { addressKey });
  if (proof === undefined) return { credential };
  // What it shows lets it in by itself. A signature beside it need not be that device's: a bearer token may be handed to another program; it only has to be true.
  if (!provesDevice(proof, { purpose: "authenticate", gateway: keepers.gatewayId, nonce: nonce! }))
    throw new ConnectRefused(new AuthError("unauthenticated", "device signature invalid"), {
      code: "DEVICE_AUTH_SIGNATURE_INVALID",
      reason: "device-signature",
    });
  return { credential };
}

interface Key {
  readonly params: ConnectParams;
  readonly addressKey: string;
  readonly nonce: string | undefined;
}

async function byKey(proof: DeviceProof, { params, addressKey, nonce }: Key, { authenticator, devices, now }: Keepers): Promise<LetIn> {
  const asker = { addressKey, nonce };
  try {
    // What it asks for now is narrowed by the connection; here it is only who it is.
    const credential = authenticator.verify({ device: { ...proof, scopes: [] } }, asker);
    const deviceToken = await devices.issueToken(credential, false);
    if (deviceToken !== undefined) return { credential, deviceToken };
    throw new ConnectRefused(
      new AuthError("unauthenticated", "this device has a token, which it has to show", { hint: "let the owner void it with: clanker devices rotate" }),
      { code: "AUTH_DEVICE_TOKEN_MISMATCH", recommendedNextStep: "update_auth_credentials" },
    );
  } catch (error) {
    if (!(error instanceof AuthError) || !PENDING.has(error.code)) throw error;
    const open = devices.list().find(({ id, request }) => id === proof.id && request !== undefined && request.expiresAt > now())?.request;
    if (open !== undefined) throw pairingRequired(error, open.id);
    authenticator.provePairing(proof, asker);
    const { client } = params;
    const { request } = await devices.request(proof, { name: visible(client.displayName ?? client.id), platform: visible(client.platform) });
    throw pairingRequired(error, request!.id);
  }
}

function pairingRequired(error: AuthError, requestId: string): ConnectRefused {
  const hint = "the owner lets it in with: clanker devices approve";
  return new ConnectRefused(new AuthError(error.code, "pairing required", { hint }), { code: "PAIRING_REQUIRED", reason: "not-paired", requestId });
}

function missing(): ConnectRefused {
  const error = new AuthError("unauthenticated", "no credential", { hint: "give the client the gateway's token: clanker gateway token" });
  return new ConnectRefused(error, { code: "AUTH_TOKEN_MISSING", recommendedNextStep: "update_auth_configuration" });
}

function wrongDevice({ device }: ConnectParams, nonce: string | undefined): ConnectRefused {
  const stale = device!.nonce !== nonce;
  const [message, code, reason] = stale
    ? ["device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"]
    : ["device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"];
  return new ConnectRefused(new AuthError("unauthenticated", message), { code, reason });
}

/** What a stranger calls itself is shown to the owner: one short line of visible text. */
function visible(text: string): string {
  return clip(escapeControls(text), 64);
}
