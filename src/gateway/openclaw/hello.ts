import type { Credential, Scope } from "../auth/credential.ts";
import { EVENTS } from "./event-rows.ts";
import { operatorScopes } from "./operator-scopes.ts";

/** Versions of the frames that we speak; between them differs only what a client reads. */
export const PROTOCOLS = { least: 3, most: 4 } as const;
export const TICK_MS = 30_000;
/** What we have that their clients ask for by name: models.list is what may be used, with its details. */
const CAPABILITIES = ["published-model-catalog"];
const MAX_PAYLOAD = 1024 * 1024;

interface Hello {
  readonly protocol: number;
  readonly version: string;
  readonly connection: string;
  readonly methods: Iterable<string>;
  readonly uptimeMs: number;
  readonly ready: boolean;
  readonly at: number;
  readonly credential: Credential;
  readonly scopes: readonly Scope[];
  readonly deviceToken: string | undefined;
}

/** The answer to a good `connect`. */
export function helloOk(given: Hello): Record<string, unknown> {
  const { credential, deviceToken, at } = given;
  const method = credential.device !== undefined ? "device-token" : credential.id === "local" ? "none" : credential.id === "password" ? "password" : "token";
  return {
    type: "hello-ok",
    protocol: given.protocol,
    server: { version: given.version, connId: given.connection },
    features: { methods: [...given.methods], events: EVENTS, capabilities: CAPABILITIES },
    snapshot: {
      presence: [],
      health: given.ready ? { ok: true, ts: at } : { ts: at },
      stateVersion: { presence: 0, health: 0 },
      uptimeMs: given.uptimeMs,
      sessionDefaults: { defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main", scope: "per-sender" },
    },
    auth: { method, role: "operator", scopes: operatorScopes(given.scopes), ...(deviceToken === undefined ? {} : { deviceToken, issuedAtMs: at }) },
    policy: { maxPayload: MAX_PAYLOAD, maxBufferedBytes: MAX_PAYLOAD, tickIntervalMs: TICK_MS },
  };
}
