import type { Device } from "../device.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Clients with keys of their own. */
export interface DevicesOperations {
  /** Every device, oldest first. read. */
  listDevices: Operation<Record<string, never>, Device[]>;
  /**
   * A device asks to be paired, or for other scopes than it has; a later request of it takes the place of the earlier one. Requests past their expiry are
   * forgotten first. Undefined while `most` others wait. full.
   */
  requestDevice: Operation<
    {
      id: string;
      publicKey: string;
      name: string;
      platform: string;
      request: { id: string; scopes: readonly string[]; expiresAt: number };
      most: number;
      now: number;
    },
    Device | undefined
  >;
  /** Answers exactly this request: the device is active with `scopes`, without a token, its epoch + 1. Undefined when there is no such request (any more). full. */
  approveDevice: Operation<{ requestId: string; scopes: readonly string[]; now: number }, Device | undefined>;
  /** The request goes; a device that was never approved goes with it. full. */
  rejectDevice: Operation<{ requestId: string }, { id: string } | undefined>;
  /**
   * A new token for an active device, null for none. Undefined, and nothing changed, when its epoch or (unless left out) its token is not the `known` one any
   * more. `rotate`: everything it was let in with before is void (epoch + 1). full.
   */
  setDeviceToken: Operation<{ id: string; epoch: number; known?: string | null; tokenDigest: string | null; rotate: boolean }, Device | undefined>;
  /** No scopes, no token, no request, epoch + 1. Undefined when there is no such device. full. */
  revokeDevice: Operation<{ id: string }, Device | undefined>;
}

export const DEVICES_DURABILITY: Durabilities<DevicesOperations> = {
  listDevices: "read",
  requestDevice: "full",
  approveDevice: "full",
  rejectDevice: "full",
  setDeviceToken: "full",
  revokeDevice: "full",
};
