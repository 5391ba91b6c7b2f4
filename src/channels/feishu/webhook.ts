/**
 * The first step of the hall in webhook mode: the platform posts events and presses to the gateway, which mounts this handler. Always true: nothing is handed in that is
 * not signed, and 200 is answered only after the rows are committed (P1); else the platform posts it again, four times within six hours.
 */
import { StoreError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { sha256Hex } from "../../lib/digest/index.ts";
import { fromHex } from "../../lib/hex/index.ts";
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { type FeishuAccount, recover } from "./account.ts";
import { admit } from "./admit.ts";
import type { WireEvent } from "./wire.ts";

const MAX_BODY_BYTES = 1_000_000;
/** Of a post without a signature: only the address is asked for that way, in some hundred bytes (sec-107). */
const MAX_UNSIGNED_BYTES = 16_384;
const RETRY_AFTER_MS = 5_000;

/** @returns 200 taken, 400 no event, 401 not signed, 404 not in webhook mode, 405, 413 too long, 503 try again. */
export async function receiveWebhook(account: FeishuAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  const key = config.encrypt_key;
  if (config.mode !== "webhook" || key === undefined || key.reveal().trim() === "") return answer(404);
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const signature = request.headers.get("x-lark-signature");
  const body = await readBody(request, signature === null ? MAX_UNSIGNED_BYTES : MAX_BODY_BYTES);
  if (body === undefined) return answer(413);
  const signed = signature !== null && isSigned(key, body, { signature, headers: request.headers });
  if (signature !== null && !signed) return answer(401);
  const event = await decrypted(key, body);
  // The address is asked for without a signature, but encrypted with the key that nobody else has; it is answered and does nothing.
  if (event?.type === "url_verification" && typeof event.challenge === "string") return json({ challenge: event.challenge.slice(0, 1_000) });
  if (!signed) return answer(401);
  if (event === undefined) return answer(400);
  if (account.me === undefined || health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  try {
    const reply = await admit(account, event);
    if (/^(store_|feishu_intake_failed$)/.test(health.status().code ?? "")) health.alive();
    return json(reply === undefined ? {} : toastOf(reply));
  } catch (error) {
    deps.log.warn("feishu webhook: event not taken", { error });
    const code = error instanceof StoreError ? error.code : "feishu_intake_failed";
    health.trouble("degraded", code, "events cannot be stored; Feishu posts them again");
    return unavailable(error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS);
  }
}

/** What whoever pressed a button sees for a moment ("Card interaction callback"). */
export function toastOf(content: string): object {
  return { toast: { type: "info", content: content.slice(0, 500).toWellFormed() } };
}

/** Asks regularly whether the app may still speak. Until `signal` aborts; never rejects. */
export function keepWebhook(account: FeishuAccount, signal: AbortSignal): Promise<void> {
  return keepChecking(account, { channel: "feishu", signal, recover }, async () => {
    await account.api.call("GET", "/bot/v3/info", { signal });
    account.health.alive();
  });
}

/** SHA-256 of timestamp, nonce, key and body in hex ("Receive events", signature). The digests are compared in a time that tells nothing of them. */
function isSigned(key: Secret, body: Uint8Array, { signature, headers }: { signature: string; headers: Headers }): boolean {
  const head = new TextEncoder().encode(`${headers.get("x-lark-request-timestamp") ?? ""}${headers.get("x-lark-request-nonce") ?? ""}${key.reveal()}`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  const [given, wanted] = [fromHex(/^[0-9a-f]{64}$/.test(signature) ? signature : ""), fromHex(sha256Hex(bytes))];
  let difference = given.length ^ wanted.length;
  for (let at = 0; at < wanted.length; at += 1) difference |= wanted[at]! ^ (given[at] ?? 0);
  return difference === 0;
}

type Posted = WireEvent & { readonly type?: unknown; readonly challenge?: unknown };

/** `{"encrypt": ...}`: base64 of IV and AES-256-CBC under SHA-256 of the key ("Receive events", decryption). What is not encrypted is nothing of ours. */
async function decrypted(key: Secret, body: Uint8Array): Promise<Posted | undefined> {
  try {
    const { encrypt } = JSON.parse(new TextDecoder().decode(body)) as { encrypt?: unknown };
    if (typeof encrypt !== "string") return undefined;
    const bytes = Uint8Array.from(atob(encrypt), (character) => character.charCodeAt(0));
    const imported = await crypto.subtle.importKey("raw", fromHex(sha256Hex(key.reveal())), "AES-CBC", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv: bytes.subarray(0, 16) }, imported, bytes.subarray(16));
    const event = JSON.parse(new TextDecoder().decode(plain)) as unknown;
    return typeof event === "object" && event !== null ? (event as Posted) : undefined;
  } catch {
    return undefined;
  }
}

function json(body: object): Response {
  return Response.json(body, { headers: { "x-content-type-options": "nosniff" } });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

function unavailable(retryAfterMs: number): Response {
  return answer(503, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}
