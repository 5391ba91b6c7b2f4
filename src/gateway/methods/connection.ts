import { v } from "../../lib/schema/index.ts";
import { EVENT_NAMES } from "../hub/event-names.ts";
import { defineMethod, type Call } from "../method.ts";
import type { MethodConnection } from "../ws/method-connection.ts";
import { deviceProof, proofOf } from "./devices.ts";
import { text, wholeNumber } from "./schemas.ts";

export const PROTOCOL = 1;

const secretText = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const names = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(512))), v.maxLength(1000));
const turnSnapshot = v.object({
  turn_id: v.string(),
  session: v.string(),
  text,
  tools: v.array(v.object({ call_id: v.string(), name: v.string(), state: v.string() })),
});

/** `callMethod` lets nobody without a socket come here. */
function socketOf(call: Call): MethodConnection {
  return call.connection!;
}

export const connectionMethods = [
  defineMethod({
    name: "challenge",
    summary: "A fresh nonce of this connection for one proof of a device, and the gateway's identity, which is part of what is signed.",
    params: v.strictObject({}),
    result: v.object({ nonce: v.string(), gateway: v.string() }),
    scope: "none",
    socketOnly: true,
    handler: (_, call) => ({ nonce: socketOf(call).nonce(), gateway: call.deps.gatewayId }),
  }),
  defineMethod({
    name: "authenticate",
    summary: "Shows the credential; has to come within 10 s of connecting.",
    params: v.pipe(
      v.strictObject({
        token: v.optional(secretText),
        password: v.optional(secretText),
        device: v.optional(v.strictObject({ ...deviceProof.entries, renew_token: v.optional(v.boolean(), false) })),
      }),
      v.check((proof) => Object.values(proof).filter((shown) => shown !== undefined).length <= 1, "show one of token, password and device"),
    ),
    result: v.object({
      protocol: v.number(),
      version: v.string(),
      scopes: v.array(v.string()),
      seq: v.number(),
      device_token: v.optional(v.string()),
      limits: v.object({ max_frame_bytes: v.number(), max_buffered_bytes: v.number(), max_calls: v.number() }),
    }),
    scope: "none",
    socketOnly: true,
    handler: async ({ device, ...proof }, call) => {
      // At once, so that a request right behind this one finds the caller known.
      const credential = socketOf(call).authenticate(device === undefined ? proof : { device: proofOf(device) });
      const token = device === undefined ? undefined : await call.gateway.devices.issueToken(credential, device.renew_token);
      return {
        protocol: PROTOCOL,
        version: call.deps.version,
        scopes: [...credential.scopes],
        seq: call.deps.hub.seq,
        ...(token === undefined ? {} : { device_token: token }),
        limits: { max_frame_bytes: 1024 * 1024, max_buffered_bytes: 1024 * 1024, max_calls: 256 },
      };
    },
  }),
  defineMethod({
    name: "ping",
    summary: "Answers at once with the gateway's wall time in milliseconds.",
    params: v.strictObject({}),
    result: v.object({ at: v.number() }),
    scope: "read",
    handler: (_, call) => ({ at: call.deps.clock.now() }),
  }),
  defineMethod({
    name: "subscribe",
    summary: "Events from now on, and those after `since` first; replaces the connection's earlier subscription.",
    params: v.strictObject({
      events: v.optional(v.pipe(v.array(v.picklist(EVENT_NAMES)), v.maxLength(100))),
      sessions: v.optional(names),
      since: v.optional(wholeNumber),
    }),
    result: v.object({ seq: v.number(), turns: v.array(turnSnapshot), reset: v.optional(v.boolean()) }),
    scope: "read",
    socketOnly: true,
    handler: async ({ events, sessions, since }, call) => {
      const keys = sessions === undefined ? undefined : new Set(sessions);
      // Ids are accepted where a session is looked up, but events carry keys.
      for (const ref of sessions ?? []) if (!ref.includes(":")) keys!.add((await call.deps.store.getSession({ id: ref }))?.key ?? ref);
      const { hub } = call.deps;
      const { reset } = socketOf(call).subscribe({ events: events === undefined ? undefined : new Set(events), sessions: keys }, since);
      const turns = hub.turns().filter((turn) => keys === undefined || keys.has(turn.session));
      return { seq: hub.seq, turns, ...(reset ? { reset } : {}) };
    },
  }),
  defineMethod({
    name: "unsubscribe",
    summary: "No more events on this connection.",
    params: v.strictObject({}),
    result: v.object({ unsubscribed: v.boolean() }),
    scope: "read",
    socketOnly: true,
    handler: (_, call) => {
      socketOf(call).unsubscribe();
      return { unsubscribed: true };
    },
  }),
];
