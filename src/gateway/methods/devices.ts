import { v } from "../../lib/schema/index.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import { SCOPES } from "../auth/credential.ts";
import { defineMethod } from "../method.ts";
import { id } from "./schemas.ts";

const scopes = v.pipe(v.array(v.picklist(SCOPES)), v.maxLength(SCOPES.length));
const key = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url"));
/** What a stranger calls itself is shown to the owner: one line of visible text. */
const label = v.pipe(v.string(), v.maxLength(64), v.transform(escapeControls));

/** What a device signs is in docs/security.md. */
export const deviceProof = v.strictObject({
  id: key,
  public_key: key,
  scopes,
  signed_at: v.pipe(v.number(), v.integer(), v.minValue(0)),
  signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/, "must be 64 bytes in base64url")),
});

export const proofOf = ({ id: deviceId, public_key, scopes: asked, signed_at, signature }: v.InferOutput<typeof deviceProof>) => ({
  id: deviceId,
  publicKey: public_key,
  scopes: asked,
  signedAt: signed_at,
  signature,
});

const request = v.object({ request_id: v.string(), scopes: v.array(v.string()), expires_at: v.number() });
const device = v.object({
  device_id: v.string(),
  name: v.string(),
  platform: v.string(),
  status: v.picklist(["active", "revoked"]),
  scopes: v.array(v.string()),
  has_token: v.boolean(),
  created_at: v.number(),
  approved_at: v.optional(v.number()),
});

export const deviceMethods = [
  defineMethod({
    name: "device.pair.request",
    summary: "A device that is not paired asks to be, with the scopes it has signed; the owner has 10 minutes to answer.",
    params: v.strictObject({ device: deviceProof, name: v.pipe(label, v.minLength(1)), platform: v.optional(label, "") }),
    result: v.object({ request_id: v.string(), expires_at: v.number() }),
    scope: "none",
    socketOnly: true,
    handler: async (params, { gateway, connection }) => {
      const proof = proofOf(params.device);
      connection!.provePairing(proof);
      const { request: made } = await gateway.devices.request(proof, { name: params.name, platform: params.platform });
      return { request_id: made!.id, expires_at: made!.expiresAt };
    },
  }),
  defineMethod({
    name: "device.pair.list",
    summary: "Devices that ask to be paired, or for other scopes than they have.",
    params: v.strictObject({}),
    result: v.object({
      requests: v.array(v.object({ ...request.entries, device_id: v.string(), name: v.string(), platform: v.string(), status: v.string() })),
    }),
    scope: "pairing",
    handler: (_, { gateway, deps }) => ({
      requests: gateway.devices
        .list()
        .flatMap(({ id: deviceId, name, platform, status, request: made }) =>
          made === undefined || made.expiresAt <= deps.clock.now()
            ? []
            : [{ request_id: made.id, scopes: [...made.scopes], expires_at: made.expiresAt, device_id: deviceId, name, platform, status }],
        ),
    }),
  }),
  defineMethod({
    name: "device.pair.approve",
    summary: "Lets a device in, with the scopes it asked for or with these; nobody gives a scope that they do not hold.",
    params: v.strictObject({ request_id: id, scopes: v.optional(v.pipe(scopes, v.minLength(1))) }),
    result: v.object({ device_id: v.string(), scopes: v.array(v.string()) }),
    scope: "pairing",
    mutating: true,
    handler: async (params, { gateway, credential }) => {
      const approved = await gateway.devices.approve(credential, params.request_id, params.scopes);
      return { device_id: approved.id, scopes: [...approved.scopes] };
    },
  }),
  defineMethod({
    name: "device.pair.reject",
    summary: "Refuses what a device asks for; what it has already stays.",
    params: v.strictObject({ request_id: id }),
    result: v.object({ rejected: v.boolean() }),
    scope: "pairing",
    mutating: true,
    handler: async (params, { gateway, credential }) => {
      await gateway.devices.reject(credential, params.request_id);
      return { rejected: true };
    },
  }),
  defineMethod({
    name: "device.list",
    summary: "Devices that are paired or were.",
    params: v.strictObject({}),
    result: v.object({ devices: v.array(device) }),
    scope: "pairing",
    handler: (_, { gateway }) => ({
      devices: gateway.devices.list().flatMap(({ status, ...one }) =>
        status === "pending"
          ? []
          : [
              {
                device_id: one.id,
                name: one.name,
                platform: one.platform,
                status,
                scopes: [...one.scopes],
                has_token: one.tokenDigest !== undefined,
                created_at: one.createdAt,
                approved_at: one.approvedAt,
              },
            ],
      ),
    }),
  }),
  defineMethod({
    name: "device.rotate",
    summary: "Voids a device's token and closes its connections; it gets a new token when it next proves its key.",
    params: v.strictObject({ device_id: key }),
    result: v.object({ rotated: v.boolean() }),
    scope: "pairing",
    mutating: true,
    handler: async (params, { gateway, credential }) => {
      await gateway.devices.rotate(credential, params.device_id);
      return { rotated: true };
    },
  }),
  defineMethod({
    name: "device.revoke",
    summary: "Takes everything from a device and closes its connections.",
    params: v.strictObject({ device_id: key }),
    result: v.object({ revoked: v.boolean() }),
    scope: "pairing",
    mutating: true,
    handler: async (params, { gateway, credential }) => {
      await gateway.devices.revoke(credential, params.device_id);
      return { revoked: true };
    },
  }),
];
