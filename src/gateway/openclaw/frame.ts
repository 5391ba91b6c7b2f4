import { RequestError } from "../../core/errors.ts";
import type { FrameError } from "./frame-error.ts";

/** A request of an OpenClaw client (OpenClaw docs, gateway protocol: `{type:"req", id, method, params}`). */
export interface FrameRequest {
  readonly id: string;
  readonly method: string;
  readonly params: unknown;
}

/** What an answer is sent to when the frame had no id that could be read. */
const NO_ID = "invalid";

const MAX_ID = 256;

/** @returns the request, or the id to answer and what was wrong. */
export function parseRequest(text: string): FrameRequest | { readonly id: string; readonly broken: RequestError } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { id: NO_ID, broken: new RequestError("parse_error", "the frame is not valid JSON") };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { id: NO_ID, broken: new RequestError("bad_request", "a frame is an object") };
  const { type, id, method, params } = value as Record<string, unknown>;
  if (typeof id !== "string" || id === "" || id.length > MAX_ID) return { id: NO_ID, broken: new RequestError("bad_request", "a request has an id") };
  if (type !== "req" || typeof method !== "string") return { id, broken: new RequestError("bad_request", 'clients send {type: "req", id, method, params}') };
  return { id, method, params };
}

export function resultText(id: string, payload: unknown): string {
  return JSON.stringify({ type: "res", id, ok: true, payload: payload ?? {} });
}

export function errorText(id: string, error: FrameError): string {
  return JSON.stringify({ type: "res", id, ok: false, error });
}

/** @param payload JSON text, made once for all who get it. @param seq of this connection: without gaps, so that a client sees when it has missed something. */
export function eventText(event: string, payload: string, seq?: number): string {
  const end = seq === undefined ? "" : `,"seq":${seq}`;
  return `{"type":"event","event":${JSON.stringify(event)},"payload":${payload}${end}}`;
}
