import { v } from "../../../lib/schema/index.ts";
import type { Scope } from "../../auth/credential.ts";
import { operatorScopes } from "../operator-scopes.ts";
import { defineRow } from "../row.ts";

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(128));

interface Requests {
  readonly requests: readonly { request_id: string; device_id: string; name: string; platform: string; scopes: Scope[]; expires_at: number }[];
}
interface Devices {
  readonly devices: readonly { device_id: string; name: string; platform: string; status: string; scopes: Scope[]; created_at: number; approved_at?: number }[];
}

/** Their id of a device is the same digest in hex. */
export function theirDeviceId(ours: string): string {
  return Buffer.from(ours, "base64url").toString("hex");
}
function ourDeviceId(theirs: string): string {
  return /^[0-9a-f]{64}$/.test(theirs) ? Buffer.from(theirs, "hex").toString("base64url") : theirs;
}

export const deviceRows = [
  defineRow({
    method: "device.pair.list",
    scope: "pairing",
    calls: ["device.pair.list", "device.list"],
    params: v.looseObject({}),
    run: async (_, call) => {
      const { requests } = await call.call<Requests>("device.pair.list");
      const { devices } = await call.call<Devices>("device.list");
      return {
        pending: requests.map((one) => ({
          requestId: one.request_id,
          deviceId: theirDeviceId(one.device_id),
          displayName: one.name,
          platform: one.platform,
          role: "operator",
          scopes: operatorScopes(one.scopes),
        })),
        paired: devices
          .filter(({ status }) => status === "active")
          .map((one) => ({
            deviceId: theirDeviceId(one.device_id),
            displayName: one.name,
            platform: one.platform,
            role: "operator",
            roles: ["operator"],
            scopes: operatorScopes(one.scopes),
            createdAtMs: one.created_at,
            ...(one.approved_at === undefined ? {} : { approvedAtMs: one.approved_at }),
          })),
      };
    },
  }),
  defineRow({
    method: "device.pair.approve",
    scope: "pairing",
    calls: ["device.pair.approve"],
    params: v.looseObject({ requestId: id }),
    run: async ({ requestId }, call) => {
      const { device_id, scopes } = await call.call<{ device_id: string; scopes: Scope[] }>("device.pair.approve", { request_id: requestId });
      return { requestId, device: { deviceId: theirDeviceId(device_id), role: "operator", scopes: operatorScopes(scopes) } };
    },
  }),
  defineRow({
    method: "device.pair.reject",
    scope: "pairing",
    calls: ["device.pair.reject"],
    params: v.looseObject({ requestId: id }),
    run: async ({ requestId }, call) => {
      await call.call("device.pair.reject", { request_id: requestId });
      return { requestId };
    },
  }),
  defineRow({
    method: "device.pair.remove",
    scope: "pairing",
    calls: ["device.revoke"],
    params: v.looseObject({ deviceId: id }),
    run: async ({ deviceId }, call) => {
      await call.call("device.revoke", { device_id: ourDeviceId(deviceId) });
      return { deviceId, removed: true };
    },
  }),
];
