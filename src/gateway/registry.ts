import { AuthError, RequestError } from "../core/errors.ts";
import { nearestName } from "../lib/nearest-name/index.ts";
import { describeIssue } from "../lib/schema/describe-issue.ts";
import { v } from "../lib/schema/index.ts";
import { includesScope, type Credential } from "./auth/credential.ts";
import type { Call, Method } from "./method.ts";
import { agentMethods } from "./methods/agents.ts";
import { approvalMethods } from "./methods/approvals.ts";
import { auditMethods } from "./methods/audit.ts";
import { backupMethods } from "./methods/backups.ts";
import { channelMethods } from "./methods/channels.ts";
import { chatMethods } from "./methods/chat.ts";
import { configMethods } from "./methods/config.ts";
import { connectionMethods } from "./methods/connection.ts";
import { cronMethods } from "./methods/cron.ts";
import { peopleMethods } from "./methods/people.ts";
import { pairingMethods } from "./methods/pairing.ts";
import { deviceMethods } from "./methods/devices.ts";
import { secretMethods } from "./methods/secrets.ts";
import { sessionMethods } from "./methods/sessions.ts";
import { statusMethods } from "./methods/status.ts";
import { systemMethods } from "./methods/system.ts";
import { toolMethods } from "./methods/tools.ts";
import { usageMethods } from "./methods/usage.ts";

/** All methods by name. The only door to a method is `callMethod`. */
export interface Registry {
  readonly methods: ReadonlyMap<string, Method>;
}

export function createRegistry(methods: readonly Method[] = coreMethods()): Registry {
  return { methods: new Map(methods.map((method) => [method.name, method])) };
}

export function coreMethods(): readonly Method[] {
  return [
    ...connectionMethods,
    ...statusMethods,
    ...sessionMethods,
    ...chatMethods,
    ...agentMethods,
    ...toolMethods,
    ...channelMethods,
    ...cronMethods,
    ...approvalMethods,
    ...pairingMethods,
    ...auditMethods,
    ...peopleMethods,
    ...backupMethods,
    ...configMethods,
    ...deviceMethods,
    ...usageMethods,
    ...secretMethods,
    ...systemMethods,
  ];
}

/**
 * Entry, scope, params, handler: in this order, for every caller.
 * @throws RequestError `method_not_found` or `bad_params`, AuthError `forbidden`, and whatever the handler throws.
 */
export async function callMethod(registry: Registry, name: string, params: unknown, call: Call): Promise<unknown> {
  const method = registry.methods.get(name);
  if (method === undefined) throw unknownMethod(name, [...registry.methods.keys()]);
  if (!mayCall(method, call.credential)) throw new AuthError("forbidden", `${name} needs scope ${method.scope}`);
  if (method.socketOnly && call.connection === undefined) throw socketMethod(name);
  return method.handler(checkParams(method, params), call);
}

export function unknownMethod(name: string, known: readonly string[] = []): RequestError {
  const wrong = name.slice(0, 100);
  const nearest = nearestName(wrong, known);
  const hint = `${nearest === undefined ? "" : `did you mean ${nearest}? `}rpc.discover lists the methods`;
  return new RequestError("method_not_found", `no method ${JSON.stringify(wrong)}`, { hint });
}

/** It has to do with the connection itself. */
export function socketMethod(name: string): RequestError {
  return new RequestError("method_not_found", `${name} is a method of connections`, { hint: "call it on /ws" });
}

/** An entry whose scope is not one we know is forbidden to everybody. */
export function mayCall(method: Method, credential: Credential): boolean {
  return method.scope === "none" || includesScope(credential.scopes, method.scope);
}

function checkParams(method: Method, params: unknown): unknown {
  if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
    throw new RequestError("bad_params", `${method.name} takes its parameters by name`, { hint: "send an object as params" });
  }
  if (params !== undefined) refusePollution(params);
  const checked = v.safeParse(method.params, params ?? {});
  if (checked.success) return checked.output;
  const names = parameterNames(method.params);
  throw new RequestError("bad_params", `${method.name}: ${describeIssue(checked.issues[0], names)}`, {
    hint: names.length === 0 ? `${method.name} takes no parameters` : `${method.name} takes ${names.join(", ")}; docs/api.md explains them`,
  });
}

function parameterNames(params: Method["params"]): string[] {
  return "entries" in params ? Object.keys(params.entries as object) : [];
}

const POLLUTING = new Set(["__proto__", "constructor", "prototype"]);
const MAX_DEPTH = 64;

/** Names that reach an object's prototype never enter, at any depth (sec-20). @throws RequestError `bad_params` */
function refusePollution(value: unknown, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw new RequestError("bad_params", "parameters are nested too deeply");
  for (const key of Object.keys(value)) {
    if (POLLUTING.has(key)) throw new RequestError("bad_params", `the name ${key} is not allowed`);
    refusePollution((value as Record<string, unknown>)[key], depth + 1);
  }
}
