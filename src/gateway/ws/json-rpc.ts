import type { ClankerError } from "../../core/errors.ts";
import { RequestError } from "../../core/errors.ts";
import { faceOf, publicMessage } from "../http-error.ts";

export type RpcId = string | number | null;

/** A well-formed request; without `id` it is a notification. */
export interface RpcRequest {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: unknown;
}

export interface RpcBroken {
  readonly id: RpcId;
  readonly error: ClankerError;
}

export type RpcItem = RpcRequest | RpcBroken;

const MAX_BATCH = 100;

/** One frame by the JSON-RPC 2.0 specification. */
export function parseFrame(text: string): { readonly batch: boolean; readonly items: readonly RpcItem[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { batch: false, items: [broken(null, "parse_error", "the frame is not valid JSON")] };
  }
  if (!Array.isArray(value)) return { batch: false, items: [parseItem(value)] };
  if (value.length === 0) return { batch: false, items: [broken(null, "bad_request", "the batch is empty")] };
  if (value.length > MAX_BATCH) return { batch: false, items: [broken(null, "bad_request", `a batch has at most ${MAX_BATCH} requests`)] };
  return { batch: true, items: value.map(parseItem) };
}

function parseItem(value: unknown): RpcItem {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return broken(null, "bad_request", "a request is an object");
  const { jsonrpc, id, method, params } = value as Record<string, unknown>;
  const goodId = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  const known = goodId && id !== undefined ? (id as RpcId) : null;
  if (!goodId) return broken(null, "bad_request", "id has to be a string, a number or null");
  if (jsonrpc !== "2.0" || typeof method !== "string") return broken(known, "bad_request", 'a request has jsonrpc "2.0" and a method');
  if (params !== undefined && (typeof params !== "object" || params === null)) return broken(known, "bad_request", "params has to be an object");
  return { id: "id" in (value as object) ? known : undefined, method, params };
}

function broken(id: RpcId, code: string, message: string): RpcBroken {
  return { id, error: new RequestError(code, message) };
}

export function resultText(id: RpcId, result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result: result ?? null });
}

export function errorText(id: RpcId, error: ClankerError): string {
  const data = {
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: error.retryAfterMs }),
  };
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code: faceOf(error).rpc, message: publicMessage(error), data } });
}
