import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import { AuthError, RequestError } from "../../core/errors.ts";
import type { Hub } from "../../core/event.ts";
import type { Log } from "../../core/log.ts";
import { newId, type Random } from "../../core/random.ts";
import type { Store } from "../../core/store.ts";
import { mayGrant, type Credential, type Scope } from "./credential.ts";
import type { DeviceBook } from "./device-book.ts";
import { newDeviceToken } from "./device-token.ts";
import { sha256Hex } from "./digest.ts";

/** Where devices are let in, changed and thrown out. Every refusal says the same, so that it tells nothing about what there is (sec-13). */
export interface DeviceDesk {
  list(): readonly Device[];
  /** @param proof already verified. @throws RequestError `pairing_full` */
  request(proof: { id: string; publicKey: string; scopes: readonly Scope[] }, about: { name: string; platform: string }): Promise<Device>;
  /**
   * @param scopes what it gets, by default what it asked for; at least one. Nobody gives what they do not hold, nor answers for a device that holds more.
   * @throws AuthError `forbidden`; RequestError `device_request_not_found`
   */
  approve(by: Credential, requestId: string, scopes?: readonly Scope[]): Promise<Device>;
  /** @throws AuthError `forbidden`; RequestError `device_request_not_found` */
  reject(by: Credential, requestId: string): Promise<void>;
  /**
   * Voids the token and every open connection of a device; it gets a new token when it next proves its key.
   * @throws AuthError `forbidden`; RequestError `device_not_found`
   */
  rotate(by: Credential, id: string): Promise<void>;
  /** @throws AuthError `forbidden`; RequestError `device_not_found` */
  revoke(by: Credential, id: string): Promise<void>;
  /** The token of a device that has just proved its key: the first one, or with `renew` one in place of the last; undefined when it has one. */
  issueToken(credential: Credential, renew: boolean): Promise<string | undefined>;
}

const MOST_REQUESTS = 20;
const REQUEST_MS = 10 * 60_000;

interface DeskDeps {
  readonly store: Store;
  readonly book: DeviceBook;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createDeviceDesk({ store, book, hub, clock, random, log }: DeskDeps): DeviceDesk {
  const settle = async (change: "requested" | "approved" | "rejected" | "rotated" | "revoked", device: { id: string; name?: string }, by?: Credential) => {
    log.info("a device has changed", { device: device.id, change, ...(by === undefined ? {} : { by: by.id }) });
    // First: who is thrown out hears nothing any more, not even that.
    await book.changed(device.id);
    hub.publish({ event: "device.changed", payload: { device_id: device.id, change, ...(device.name === undefined ? {} : { name: device.name }) } });
  };
  const forbidden = () => new AuthError("forbidden", "this credential may not do that to this device");
  /** A paired device that holds nothing its caller does not hold too. */
  const mine = (by: Credential, id: string): Device => {
    const device = book.get(id);
    if (device === undefined || device.status === "pending") throw new RequestError("device_not_found", "no such device");
    if (!mayGrant(by.scopes, held(device))) throw forbidden();
    return device;
  };
  const findRequest = (requestId: string): Device => {
    const device = book.all().find(({ request }) => request?.id === requestId && request.expiresAt > clock.now());
    if (device === undefined) throw new RequestError("device_request_not_found", "no such request", { hint: "it may have expired: let the device ask again" });
    return device;
  };
  const held = (device: Device) => device.scopes as readonly Scope[];

  return {
    list: () => book.all(),
    async request(proof, { name, platform }) {
      const now = clock.now();
      const request = { id: newId(clock, random), scopes: proof.scopes, expiresAt: now + REQUEST_MS };
      const device = await store.requestDevice({ id: proof.id, publicKey: proof.publicKey, name, platform, request, most: MOST_REQUESTS, now });
      if (device === undefined)
        throw new RequestError("pairing_full", "too many devices ask to be paired", { hint: "answer or reject them", retryAfterMs: 60_000 });
      await settle("requested", device);
      return device;
    },
    async approve(by, requestId, scopes) {
      await book.load();
      const asking = findRequest(requestId);
      const wanted = scopes ?? (asking.request!.scopes as readonly Scope[]);
      if (wanted.length === 0) throw new RequestError("bad_params", "scopes: at least one is needed");
      if (!mayGrant(by.scopes, wanted) || !mayGrant(by.scopes, held(asking))) throw forbidden();
      const device = await store.approveDevice({ requestId, scopes: wanted, now: clock.now() });
      if (device === undefined) throw new RequestError("device_request_not_found", "no such request");
      await settle("approved", device, by);
      return device;
    },
    async reject(by, requestId) {
      await book.load();
      if (!mayGrant(by.scopes, held(findRequest(requestId)))) throw forbidden();
      const device = await store.rejectDevice({ requestId });
      if (device === undefined) throw new RequestError("device_request_not_found", "no such request");
      await settle("rejected", device, by);
    },
    async rotate(by, id) {
      const { epoch } = mine(by, id);
      const device = await store.setDeviceToken({ id, epoch, tokenDigest: null, rotate: true });
      if (device === undefined) throw new RequestError("device_not_found", "no such device", { hint: "it has just been changed by somebody else" });
      await settle("rotated", device, by);
    },
    async revoke(by, id) {
      mine(by, id);
      const device = await store.revokeDevice({ id });
      if (device === undefined) throw new RequestError("device_not_found", "no such device");
      await settle("revoked", device, by);
    },
    async issueToken({ device: holder, epoch = -1 }, renew) {
      const device = holder === undefined ? undefined : book.get(holder.id);
      if (device === undefined || (device.tokenDigest !== undefined && !renew)) return undefined;
      const token = newDeviceToken(device.id, random);
      const known = device.tokenDigest ?? null;
      if ((await store.setDeviceToken({ id: device.id, epoch, known, tokenDigest: sha256Hex(token), rotate: false })) === undefined) return undefined;
      await book.changed(device.id);
      return token;
    },
  };
}
