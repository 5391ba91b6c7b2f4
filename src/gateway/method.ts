import type { v } from "../lib/schema/index.ts";
import type { Credential, Scope } from "./auth/credential.ts";
import type { DeviceDesk } from "./auth/device-desk.ts";
import type { GatewayDeps } from "./deps.ts";
import type { MethodConnection } from "./ws/method-connection.ts";

/** Where a method is called from. */
export interface Call {
  readonly deps: GatewayDeps;
  readonly credential: Credential;
  /** Aborts when the caller has gone. A turn goes on without its caller. */
  readonly signal: AbortSignal;
  /** What the gateway knows of itself. */
  readonly gateway: GatewayFacts;
  /** Set on /ws. */
  readonly connection?: MethodConnection;
}

export interface GatewayFacts {
  /** Open sockets on /ws. */
  connections(): number;
  readonly startedAt: number;
  readonly devices: DeviceDesk;
  /** For `rpc.discover`. */
  openRpc(): Promise<Record<string, unknown>>;
}

type AnySchema = v.GenericSchema;

/** One entry of the registry: the one source of validation, scope check, documents, REST and client types. */
export interface Method {
  readonly name: string;
  /** One sentence for the documents. */
  readonly summary: string;
  /** An object schema; unknown keys are refused. */
  readonly params: AnySchema;
  readonly result: AnySchema;
  /** Least scope; `none`: answered before authentication. */
  readonly scope: Scope | "none";
  /** Changes something: POST only over HTTP, and in order on a socket. */
  readonly mutating: boolean;
  /** May take as long as a turn: later calls on the socket do not wait for it. */
  readonly long: boolean;
  /** Needs a socket, so it has no REST route. */
  readonly socketOnly: boolean;
  readonly handler: (params: unknown, call: Call) => unknown;
}

interface MethodDefinition<P extends AnySchema, R extends AnySchema> {
  readonly name: string;
  readonly summary: string;
  readonly params: P;
  readonly result: R;
  readonly scope: Scope | "none";
  readonly mutating?: boolean;
  readonly long?: boolean;
  readonly socketOnly?: boolean;
  handler(params: v.InferOutput<P>, call: Call): v.InferInput<R> | Promise<v.InferInput<R>>;
}

/** Types one entry: the handler gets what `params` lets through and must answer what `result` says. */
export function defineMethod<P extends AnySchema, R extends AnySchema>(definition: MethodDefinition<P, R>): Method {
  return {
    ...definition,
    mutating: definition.mutating ?? false,
    long: definition.long ?? false,
    socketOnly: definition.socketOnly ?? false,
    handler: definition.handler as Method["handler"],
  };
}
