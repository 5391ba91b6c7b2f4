import { AuthError, ConfigError } from "../../core/errors.ts";
import type { Device } from "../../core/device.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { AuthOptions } from "../options.ts";
import { mayGrant, SCOPES, type Credential, type Scope } from "./credential.ts";
import { CLOCK_TOLERANCE_MS, provesDevice, type DeviceProof } from "./device-proof.ts";
import { parseDeviceToken } from "./device-token.ts";
import { sameSecret, sha256 } from "./digest.ts";

/** What a caller shows: one of them. */
export interface Proof {
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  /** Needs the nonce that the same connection was given. */
  readonly device?: DeviceProof | undefined;
}

/** Who asks, and what the connection was challenged with. */
export interface Asker {
  readonly addressKey: string;
  readonly nonce?: string | undefined;
}

export interface Authenticator {
  /**
   * Who shows this proof. Every wrong one counts against the asker's address; past the limit none is compared any more, a right one included (sec-8).
   * @throws AuthError `unauthenticated`, `rate_limited`; for a device that has proved its key also `device_unknown`, `device_pending`, `device_revoked`, `forbidden`
   */
  verify(proof: Proof, asker: Asker): Credential;
  /**
   * Whether a device that asks to be paired holds its key. Every such request counts as a failure, so that nobody fills the list.
   * @throws AuthError `unauthenticated`, `rate_limited`
   */
  provePairing(proof: DeviceProof, asker: Asker): void;
  /** The credential of callers who show nothing: only in mode `none`. */
  readonly anonymous: Credential | undefined;
  /** From now on this is what has to be shown; who was let in by the old one is no longer current. @throws ConfigError as at the start */
  replace(options: AuthOptions): void;
  /** Whether what this caller was let in with would still let them in. */
  isCurrent(credential: Credential): boolean;
}

export interface AuthenticatorDeps {
  readonly failures: RateLimiter;
  device(id: string): Device | undefined;
  /** Wall milliseconds. */
  now(): number;
  /** Identity of this gateway, part of what devices sign. */
  readonly gatewayId: string;
}

const HINT = "send the gateway's token as Authorization: Bearer TOKEN; the running gateway's owner finds it with clanker gateway token";

interface Gate {
  readonly mode: AuthOptions["mode"];
  readonly credential: Credential;
  /** Digest of the token or password. */
  readonly expected: Uint8Array | undefined;
}

/** @throws ConfigError when the mode needs a secret and there is none (sec-7). */
export function createAuthenticator(options: AuthOptions, deps: AuthenticatorDeps): Authenticator {
  const { failures } = deps;
  let gate = gateOf(options, 0);

  const refuseWhenLocked = (key: string) => {
    const wait = failures.waitMs(key);
    if (wait > 0) throw new AuthError("rate_limited", "too many wrong credentials from this address", { hint: "wait a minute", retryAfterMs: wait });
  };
  const wrong = (key: string, hint = HINT): AuthError => {
    failures.take(key);
    return new AuthError("unauthenticated", "wrong credential", { hint });
  };
  const proved = (proof: DeviceProof, purpose: "authenticate" | "pair", { addressKey, nonce }: Asker): void => {
    refuseWhenLocked(addressKey);
    if (nonce === undefined) throw wrong(addressKey, "call challenge first; each nonce is good for one proof");
    if (!provesDevice(proof, { purpose, gateway: deps.gatewayId, nonce })) throw wrong(addressKey, "sign the statement of this gateway and nonce");
    if (Math.abs(proof.signedAt - deps.now()) > CLOCK_TOLERANCE_MS) throw wrong(addressKey, "the device's clock is off by more than 5 minutes: set it");
  };

  return {
    get anonymous() {
      return gate.mode === "none" ? gate.credential : undefined;
    },
    verify(proof, asker) {
      if (proof.device !== undefined) {
        proved(proof.device, "authenticate", asker);
        return deviceCredential(deps.device(proof.device.id), { asked: proof.device.scopes });
      }
      if (gate.mode === "none") return gate.credential;
      // A bearer header cannot say which of the two it carries, so `token` is accepted for a password.
      const given = gate.mode === "password" ? (proof.password ?? proof.token) : proof.token;
      if (given === undefined) throw new AuthError("unauthenticated", "no credential", { hint: HINT });
      refuseWhenLocked(asker.addressKey);
      const deviceId = parseDeviceToken(given);
      if (deviceId !== undefined) {
        const device = deps.device(deviceId);
        // A record without a token has no role (sec-15); the comparison is made all the same.
        const same = sameSecret(device?.tokenDigest === undefined ? NOTHING : Buffer.from(device.tokenDigest, "hex"), given);
        if (same && device?.tokenDigest !== undefined && device.status === "active") return deviceCredential(device, { tokenDigest: device.tokenDigest });
      } else if (sameSecret(gate.expected!, given)) return gate.credential;
      throw wrong(asker.addressKey);
    },
    provePairing(proof, asker) {
      proved(proof, "pair", asker);
      failures.take(asker.addressKey);
    },
    replace(next) {
      const changed = gateOf(next, (gate.credential.epoch ?? 0) + 1);
      const same = changed.mode === gate.mode && Buffer.from(changed.expected ?? NOTHING).equals(gate.expected ?? NOTHING);
      if (!same) gate = changed;
    },
    isCurrent({ id, epoch, device: held }) {
      if (held === undefined) return id === gate.credential.id && epoch === gate.credential.epoch;
      const device = deps.device(held.id);
      return device?.status === "active" && device.epoch === epoch && (held.tokenDigest === undefined || held.tokenDigest === device.tokenDigest);
    },
  };
}

const NOTHING = new Uint8Array(32);

function gateOf(options: AuthOptions, epoch: number): Gate {
  if (options.mode === "none") return { mode: "none", credential: { id: "local", scopes: SCOPES, epoch }, expected: undefined };
  const secret = options.mode === "token" ? options.token : options.password;
  if (secret.trim() === "") {
    throw new ConfigError("auth_secret_missing", `gateway.auth.${options.mode} is empty`, {
      hint: `set gateway.auth.${options.mode}, or mode = "none" on loopback`,
    });
  }
  return { mode: options.mode, credential: { id: options.mode, scopes: SCOPES, epoch }, expected: sha256(secret) };
}

/** @param shown `asked`: what it wants of its granted scopes, by default all; `tokenDigest`: of the token it showed. */
function deviceCredential(device: Device | undefined, { asked = [], tokenDigest }: { asked?: readonly Scope[]; tokenDigest?: string }): Credential {
  if (device === undefined) throw new AuthError("device_unknown", "this device is not paired", { hint: "ask for it with device.pair.request" });
  if (device.status === "pending") {
    throw new AuthError("device_pending", "this device is not approved yet", {
      hint: "the owner approves it with: clanker devices approve",
      retryAfterMs: 2_000,
    });
  }
  if (device.status === "revoked")
    throw new AuthError("device_revoked", "this device was revoked", { hint: "ask to be paired again with device.pair.request" });
  const granted = device.scopes as readonly Scope[];
  const scopes = asked.length === 0 ? granted : asked;
  if (!mayGrant(granted, scopes)) {
    throw new AuthError("forbidden", "the device was not granted all of these scopes", { hint: "ask for them with device.pair.request" });
  }
  return { id: device.id, scopes, epoch: device.epoch, device: { id: device.id, ...(tokenDigest === undefined ? {} : { tokenDigest }) } };
}
